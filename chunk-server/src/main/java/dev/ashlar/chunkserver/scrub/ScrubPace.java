package dev.ashlar.chunkserver.scrub;

/**
 * When the next block of a scrub round is due. A round aims at half the period, spread evenly over
 * the bytes of the disk: then a block that comes first in one round and last in the next is still
 * re-read within the period. Pure.
 *
 * @param periodMs every block is re-read within this
 */
record ScrubPace(long periodMs) {
  /** A round should be over by then, ms after its start; the next one starts then and no sooner. */
  long aimMs() {
    return Math.max(1, periodMs / 2);
  }

  /**
   * @param startMs when the round started
   * @param doneBytes read in this round so far
   * @param totalBytes on the disk
   * @return when to go on, ms since 1970; in the past if the round is behind
   */
  long nextMs(long startMs, long doneBytes, long totalBytes) {
    if (totalBytes <= 0) {
      return startMs;
    }
    double part = Math.min(1.0, (double) doneBytes / totalBytes);
    return startMs + (long) (part * aimMs());
  }

  /** When the round's blocks are overdue. */
  long dueMs(long startMs) {
    return startMs + periodMs;
  }
}
