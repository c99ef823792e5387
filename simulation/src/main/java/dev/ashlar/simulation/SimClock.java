package dev.ashlar.simulation;

/** A machine's clocks: one that drifts, one that also jumps. */
final class SimClock {
  /** 2026-01-01. */
  private static final long EPOCH_MS = 1_767_225_600_000L;

  private final Scheduler scheduler;
  private final double rate;
  private long wallOffsetMs;

  /**
   * @param rate ns of this clock per ns of time
   */
  SimClock(Scheduler scheduler, double rate) {
    this.scheduler = scheduler;
    this.rate = rate;
  }

  long nanoTime() {
    return (long) (scheduler.nowNs() * rate) + 1_000_000_000L;
  }

  long wallNs() {
    return (EPOCH_MS + wallOffsetMs) * 1_000_000L + (long) (scheduler.nowNs() * rate);
  }

  void jump(long ms) {
    wallOffsetMs += ms;
  }

  /** The wall clock is right again. */
  void set() {
    wallOffsetMs = 0;
  }

  /** How long it takes this clock to show so much more. */
  long real(long ns) {
    return (long) (ns / rate) + 1;
  }
}
