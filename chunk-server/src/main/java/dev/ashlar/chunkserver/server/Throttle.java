package dev.ashlar.chunkserver.server;

import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * A token bucket for background bytes that runs slower while clients are served. Pure arithmetic:
 * callers wait the time they are told. Thread-safe.
 */
final class Throttle {
  /** Unused time that may be saved up. */
  private static final long BURST_NS = 100_000_000;

  private final double idleRate;
  private final double busyRate;
  private final BooleanSupplier busy;
  private final LongSupplier clockNs;
  private long freeNs;

  /**
   * @param idleRate bytes per second while no client is served
   * @param busyRate bytes per second while clients are served
   */
  Throttle(long idleRate, long busyRate, BooleanSupplier busy, LongSupplier clockNs) {
    this.idleRate = idleRate;
    this.busyRate = Math.min(idleRate, busyRate);
    this.busy = busy;
    this.clockNs = clockNs;
    freeNs = clockNs.getAsLong() - BURST_NS;
  }

  /** Takes the bytes and says how many nanoseconds to wait before they are moved; 0 for at once. */
  synchronized long take(long bytes) {
    long now = clockNs.getAsLong();
    double rate = busy.getAsBoolean() ? busyRate : idleRate;
    long start = now - freeNs > BURST_NS ? now - BURST_NS : freeNs;
    freeNs = start + (long) (bytes * 1e9 / rate);
    return Math.max(0, start - now);
  }
}
