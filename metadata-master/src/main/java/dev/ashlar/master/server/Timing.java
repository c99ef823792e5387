package dev.ashlar.master.server;

import java.time.Duration;

/**
 * How patient the leader is.
 *
 * @param suspectAfter silence of a chunk server before it gets no new blocks
 * @param downAfter silence before its blocks are rebuilt elsewhere
 * @param leaseTimeout silence of a client before its leases are closed and its pins dropped; also
 *     how long a new leader waits before it deletes anything
 * @param sessionTimeout idle time before a client is forgotten
 * @param reportPeriod how often a disk that nothing happened to is asked for its digests
 * @param tokenLife how long block tokens are good for
 * @param keyAge how old the newest signing key may get
 * @param rebuildBytesPerSecond what rebuilds may write to one chunk server, 0 for no limit
 */
public record Timing(
    Duration suspectAfter,
    Duration downAfter,
    Duration leaseTimeout,
    Duration sessionTimeout,
    Duration reportPeriod,
    Duration tokenLife,
    Duration keyAge,
    long rebuildBytesPerSecond) {
  public static final Timing DEFAULT =
      new Timing(
          Duration.ofSeconds(10),
          Duration.ofMinutes(10),
          Duration.ofSeconds(15),
          Duration.ofHours(1),
          Duration.ofMinutes(5),
          Duration.ofHours(1),
          Duration.ofDays(1),
          0);

  public Timing {
    if (downAfter.compareTo(suspectAfter) < 0) {
      throw new IllegalArgumentException(
          "down-after ("
              + downAfter
              + ") must not be shorter than suspect-after ("
              + suspectAfter
              + ")");
    }
  }

  public Timing withDownAfter(Duration d) {
    return new Timing(
        d.compareTo(suspectAfter) < 0 ? d : suspectAfter,
        d,
        leaseTimeout,
        sessionTimeout,
        reportPeriod,
        tokenLife,
        keyAge,
        rebuildBytesPerSecond);
  }

  public Timing withSuspectAfter(Duration d) {
    return new Timing(
        d,
        downAfter,
        leaseTimeout,
        sessionTimeout,
        reportPeriod,
        tokenLife,
        keyAge,
        rebuildBytesPerSecond);
  }

  public Timing withLeaseTimeout(Duration d) {
    return new Timing(
        suspectAfter,
        downAfter,
        d,
        sessionTimeout,
        reportPeriod,
        tokenLife,
        keyAge,
        rebuildBytesPerSecond);
  }

  public Timing withReportPeriod(Duration d) {
    return new Timing(
        suspectAfter,
        downAfter,
        leaseTimeout,
        sessionTimeout,
        d,
        tokenLife,
        keyAge,
        rebuildBytesPerSecond);
  }

  public Timing withRebuildBytesPerSecond(long bytes) {
    return new Timing(
        suspectAfter,
        downAfter,
        leaseTimeout,
        sessionTimeout,
        reportPeriod,
        tokenLife,
        keyAge,
        bytes);
  }
}
