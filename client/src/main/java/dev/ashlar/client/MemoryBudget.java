package dev.ashlar.client;

/** Counts bytes against a bound. Thread-safe. */
final class MemoryBudget {
  private final long limit;
  private long used;

  MemoryBudget(long limit) {
    this.limit = limit;
  }

  /** Takes the bytes if they fit. */
  synchronized boolean tryTake(long bytes) {
    if (used + bytes > limit) {
      return false;
    }
    used += bytes;
    return true;
  }

  /**
   * Takes the bytes even beyond the bound: for what must go on lest everybody waits for everybody.
   */
  synchronized void take(long bytes) {
    used += bytes;
  }

  synchronized void giveBack(long bytes) {
    used -= bytes;
  }

  synchronized long used() {
    return used;
  }
}
