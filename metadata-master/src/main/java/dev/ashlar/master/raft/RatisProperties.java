package dev.ashlar.master.raft;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.RaftConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.rpc.SupportedRpcType;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.server.RaftServerConfigKeys.Log;
import org.apache.ratis.server.RaftServerConfigKeys.Rpc;
import org.apache.ratis.server.RaftServerConfigKeys.Snapshot;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;

/**
 * The library's settings, each with its reason. Reads are not configured: the library's own are
 * never used.
 */
final class RatisProperties {
  /** An entry above this is refused by the library. */
  static final int MAX_ENTRY_BYTES = 4 << 20;

  private static final long FIRST_MS = 300;
  private static final long FIRST_TURN_MS = 1000;

  private RatisProperties() {}

  /**
   * @param rank of this master among its members, from 0
   */
  static RaftProperties of(Path dir, String host, int port, RaftSettings s, int rank) {
    RaftProperties p = new RaftProperties();
    RaftConfigKeys.Rpc.setType(p, SupportedRpcType.GRPC); // the only transport with TLS
    GrpcConfigKeys.Server.setHost(p, host);
    GrpcConfigKeys.Server.setPort(p, port);
    RaftServerConfigKeys.setStorageDir(
        p, List.of(dir.resolve("log").toFile())); // both default to the system's temp directory
    RaftServerConfigKeys.setRemovedGroupsDir(p, dir.resolve("removed").toFile());
    RaftServerConfigKeys.setStagingTimeout(p, seconds(30)); // a new member may start slowly
    RaftServerConfigKeys.setCloseThreshold(
        p, TimeDuration.valueOf(365, TimeUnit.DAYS)); // a machine that stood still goes on
    elections(p, s, rank);
    log(p, s);
    snapshots(p, s);
    RaftServerConfigKeys.RetryCache.setExpiryTime(
        p, seconds(10)); // guards what is in flight; the store does the rest
    RaftServerConfigKeys.Write.setElementLimit(p, 4096); // back-pressure, answered as RETRY
    RaftServerConfigKeys.Write.setByteLimit(p, SizeInBytes.valueOf("64MB"));
    return p;
  }

  private static void elections(RaftProperties p, RaftSettings s, int rank) {
    Rpc.setTimeoutMin(p, time(s.timeoutMin()));
    Rpc.setTimeoutMax(p, time(s.timeoutMax()));
    // After a start there is no leader to wait for. Masters that start together are slow at first:
    // so that they do not vote for themselves all at once, each waits for those before it. Answers
    // to a candidate are waited for as long, too.
    long turn = FIRST_MS + rank * FIRST_TURN_MS;
    Rpc.setFirstElectionTimeoutMin(p, millis(turn));
    Rpc.setFirstElectionTimeoutMax(p, millis(turn + 100));
  }

  private static void log(RaftProperties p, RaftSettings s) {
    Log.setUseMemory(p, false);
    Log.setAsyncFlushEnabled(p, false); // both complete before the media has it
    Log.setUnsafeFlushEnabled(p, false);
    Log.StateMachineData.setSync(
        p, false); // so it asks the state machine once the log is synced, not before
    Log.setCorruptionPolicy(
        p, Log.CorruptionPolicy.EXCEPTION); // never drop acknowledged entries silently
    Log.setLogMetadataEnabled(
        p, false); // saves a second entry and sync per command; the commit index is learned again
    Log.setSegmentSizeMax(p, SizeInBytes.valueOf(s.segmentBytes()));
    Log.setPreallocatedSize(p, SizeInBytes.valueOf(Math.min(s.segmentBytes(), 4 << 20)));
    // It must hold an entry of the largest size, and all of it is touched.
    Log.setWriteBufferSize(p, SizeInBytes.valueOf(MAX_ENTRY_BYTES + (64 << 10)));
    Log.setSegmentCacheNumMax(p, 2); // heap
    Log.setSegmentCacheSizeMax(p, SizeInBytes.valueOf("64MB"));
    Log.setPurgeUptoSnapshotIndex(p, true); // a dead member must not pin the log
    Log.setPurgePreservationLogNum(p, s.logPreserved());
    Log.Appender.setWaitTimeMin(p, millis(1)); // this is what makes batches
    Log.Appender.setBufferElementLimit(p, 1024);
    Log.Appender.setBufferByteLimit(p, SizeInBytes.valueOf(MAX_ENTRY_BYTES));
    Log.Appender.setRetryPolicy(
        p, "1ms,10,100ms,1000"); // the default sleeps so long that a returning member never gets
    // entries
  }

  private static void snapshots(RaftProperties p, RaftSettings s) {
    Snapshot.setAutoTriggerEnabled(p, true); // else the log grows for ever
    Snapshot.setAutoTriggerThreshold(p, s.snapshotThreshold());
    Snapshot.setRetentionFileNum(p, 2);
    Snapshot.setTriggerWhenStopEnabled(p, false); // a stop must not wait for a copy
    Snapshot.setTriggerWhenRemoveEnabled(p, false);
  }

  private static TimeDuration time(Duration d) {
    return millis(d.toMillis());
  }

  private static TimeDuration seconds(long n) {
    return TimeDuration.valueOf(n, TimeUnit.SECONDS);
  }

  private static TimeDuration millis(long n) {
    return TimeDuration.valueOf(n, TimeUnit.MILLISECONDS);
  }
}
