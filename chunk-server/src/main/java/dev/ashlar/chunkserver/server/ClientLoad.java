package dev.ashlar.chunkserver.server;

import java.util.function.LongSupplier;

/** Whether clients were served just now: background work yields to them. Thread-safe. */
final class ClientLoad {
  private static final long RECENT_NS = 100_000_000;

  private final LongSupplier clockNs;
  private volatile long lastNs;

  ClientLoad(LongSupplier clockNs) {
    this.clockNs = clockNs;
    lastNs = clockNs.getAsLong() - 2 * RECENT_NS;
  }

  void note() {
    lastNs = clockNs.getAsLong();
  }

  boolean busy() {
    return clockNs.getAsLong() - lastNs < RECENT_NS;
  }
}
