package dev.ashlar.master.raft;

import java.time.Duration;

/**
 * What may differ between clusters; everything else is fixed in {@link RatisProperties}.
 *
 * @param timeoutMin shortest election timeout; the read lease is 70 % of it
 * @param timeoutMax longest election timeout
 * @param snapshotThreshold log entries between automatic snapshots: bounds replay and disk
 * @param logPreserved entries kept before a snapshot, so that short outages catch up by log
 * @param segmentBytes size of a log file
 * @param readLease false sends every read through the log: for virtual machines that are suspended
 *     or moved live, whose clock may stop
 * @param mapSizeBytes largest size of the store; the file is sparse
 * @param acceptTornEnd after a power cut, start with a log whose very end is unreadable: see {@link
 *     StartCheck}
 */
public record RaftSettings(
    Duration timeoutMin,
    Duration timeoutMax,
    long snapshotThreshold,
    long logPreserved,
    int segmentBytes,
    boolean readLease,
    long mapSizeBytes,
    boolean acceptTornEnd) {
  /** How often a leader proposes a tick to keep the read lease. */
  static final Duration TICK = Duration.ofMillis(200);

  /** For how long after the last read the lease is kept. */
  static final Duration READING = Duration.ofSeconds(3);

  /** How often a leader proposes a tick otherwise. */
  static final Duration IDLE_TICK = Duration.ofSeconds(2);

  /**
   * A follower of the library sleeps one random timeout after the other and looks at each end
   * whether its leader was silent for as long: a dead one is noticed after one timeout and up to
   * twice that.
   */
  public static final RaftSettings DEFAULT =
      new RaftSettings(
          Duration.ofMillis(800),
          Duration.ofMillis(1100),
          500_000,
          100_000,
          32 << 20,
          true,
          64L << 30,
          false);

  private static final int LEASE_PERCENT = 70;

  public RaftSettings {
    if (timeoutMin.compareTo(TICK.multipliedBy(2)) < 0 || timeoutMax.compareTo(timeoutMin) <= 0) {
      throw new IllegalArgumentException(
          "Election timeouts must be at least 400 ms and the longest above the shortest, but are "
              + timeoutMin
              + " and "
              + timeoutMax);
    }
  }

  /** How long after its submission an entry proves that no other master leads. */
  Duration lease() {
    return timeoutMin.multipliedBy(LEASE_PERCENT).dividedBy(100);
  }
}
