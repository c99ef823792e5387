package dev.ashlar.master.raft;

import dev.ashlar.protocol.AshlarException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * The replicated log of the masters as one of them sees it. Thread-safe.
 *
 * <p>Futures fail with a {@link ReplicationException}, and complete on a thread of the replicator's
 * own: what hangs on them must be short and must not block.
 */
public interface Replicator extends AutoCloseable {
  /**
   * Has a command decided. Completes with its reply once the effect is durable on a majority and
   * committed to this master's store. A failure leaves open whether the command will be applied
   * after all: whoever repeats it must make repetition harmless.
   */
  CompletableFuture<byte[]> propose(byte[] command);

  /**
   * Completes when this master's store holds everything that was acknowledged anywhere before the
   * call: at once while the read lease holds, else after a round through the log.
   */
  CompletableFuture<Void> readBarrier();

  /** Leads, and has applied everything its predecessors left. */
  boolean isLeader();

  long term();

  /** Name of the leader as far as known, or empty. */
  String leader();

  /** Last log index in the store, -1 if none. */
  long appliedIndex();

  /** The voting members as this master knows them. */
  List<Member> members();

  /** Name and address for the other masters. */
  record Member(String name, String raftAddress) {}

  /**
   * Members other than this one that answered this leader within the last few seconds; empty on a
   * follower.
   */
  List<String> reachable();

  /** Per member, the last index that it is known here to have committed: it lags a little. */
  Map<String, Long> committed();

  /** Writes a snapshot and lets the log before it go. Blocks. @return what was done, for people */
  String snapshot() throws AshlarException;

  /** Hands leadership to another member. Blocks. */
  void transfer(String member) throws AshlarException;

  /** Adds a member that was started with an empty group and listens. Blocks until it caught up. */
  void add(Member member) throws AshlarException;

  /** Takes a member out. Blocks. Does nothing if there is none of that name. */
  void remove(String member) throws AshlarException;

  /** Stops at once; commands under way have an unknown outcome. */
  @Override
  void close();
}
