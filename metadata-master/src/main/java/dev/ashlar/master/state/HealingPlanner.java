package dev.ashlar.master.state;

import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.protocol.BlockKey;
import java.util.List;
import java.util.function.Predicate;

/** Finds what must be healed. Keeps cursors between calls; one thread. */
public final class HealingPlanner {
  /** @param rowsPerCall chunk rows looked at per call */
  public record Limits(int rowsPerCall, int commandsPerCall, int backlog) {
    public static final Limits DEFAULT = new Limits(20_000, 64, 20_000);
  }

  /**
   * A block to rebuild.
   *
   * @param disk where to
   * @param sources disk per block of the policy, 0 where none can be read
   * @param left blocks of the chunk that can be read (or are absent) now
   * @param bytes length of the block
   */
  public record RebuildTask(long group, BlockKey block, long disk, boolean onReplacement, String policy, long storedLength, long[] sources, int[] roots, int left, long bytes) {}

  /** For status; a group that is not scanned yet counts as whole. @param lostInodes at most 100 */
  public record Totals(long chunks, long whole, long degraded, long critical, long lost, long missingBlocks, long pendingBlocks, long pendingBytes, List<Long> lostInodes) {}

  public record Plan(List<LogCommand> commands, List<RebuildTask> tasks, Totals totals) {}

  public HealingPlanner(Limits limits) {}

  /**
   * @param running blocks that a server is rebuilding now
   * @param maxTasks how many tasks the caller can hand out
   * @param nowNs any monotonic clock
   */
  public Plan plan(ReadTxn txn, Topology topology, ClusterView view, Predicate<BlockKey> running, int maxTasks, long nowNs) { throw new IllegalStateException(); }
}
