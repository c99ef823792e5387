package dev.ashlar.protocol.rpc;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for what must become true. */
final class Await {
  private static final long LIMIT_NS = TimeUnit.SECONDS.toNanos(20);

  private Await() {}

  static void until(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + LIMIT_NS;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("Not within 20 s: " + what);
      }
      LockSupport.parkNanos(1_000_000);
    }
  }
}
