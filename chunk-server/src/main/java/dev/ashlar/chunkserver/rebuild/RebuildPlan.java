package dev.ashlar.chunkserver.rebuild;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.BlockPlace;
import dev.ashlar.protocol.message.MasterReply.Task;
import java.util.ArrayList;
import java.util.List;

/**
 * What one rebuild needs, worked out and checked before the first byte moves. Pure.
 *
 * @param lengths bytes of every block of the chunk
 * @param candidates indexes of blocks that can be read, in the order to try them
 * @param needed how many of them must be read; the rest of k are absent cells, which count as zeros
 */
public record RebuildPlan(
    Task.Rebuild task, Policy policy, long[] lengths, List<Integer> candidates, int needed) {

  /**
   * @throws AshlarException INVALID if the task makes no sense, DATA_LOST if too few sources are
   *     named
   */
  public static RebuildPlan of(Task.Rebuild task) throws AshlarException {
    Policy policy = policy(task);
    int width = policy.width();
    if (task.sources().size() != width || task.roots().length != width) {
      throw invalid(
          task,
          "names "
              + task.sources().size()
              + " sources and "
              + task.roots().length
              + " roots, not "
              + width);
    }
    if (task.block().index() < 0 || task.block().index() >= width) {
      throw invalid(task, "is for an index that " + policy + " does not have");
    }
    if (task.storedLength() < 0 || task.storedLength() > policy.chunkBytes()) {
      throw invalid(task, "is for a chunk of " + task.storedLength() + " bytes");
    }
    long[] lengths = new long[width];
    List<Integer> candidates = new ArrayList<>();
    int absent = 0;
    // Start at a different source for every chunk: the rebuild of a whole disk then reads from all
    // servers alike.
    int first = Math.floorMod(Long.hashCode(task.block().chunk() * 0x9E3779B97F4A7C15L), width);
    for (int n = 0; n < width; n++) {
      int i = (first + n) % width;
      lengths[i] = BlockLayout.blockLength(policy, task.storedLength(), i);
      if (lengths[i] == 0) {
        absent += i < policy.k() ? 1 : 0;
      } else if (i != task.block().index() && task.sources().get(i).exists()) {
        candidates.add(i);
      }
    }
    int needed = Math.max(0, policy.k() - absent);
    if (lengths[task.block().index()] > 0 && candidates.size() < needed) {
      throw new AshlarException(
          ErrorCode.DATA_LOST,
          task.block()
              + " cannot be rebuilt: "
              + needed
              + " sources are needed, "
              + candidates.size()
              + " are known");
    }
    return new RebuildPlan(task, policy, lengths, List.copyOf(candidates), needed);
  }

  private static Policy policy(Task.Rebuild task) throws AshlarException {
    try {
      return Policy.parse(task.policy());
    } catch (IllegalArgumentException e) {
      throw new AshlarException(
          ErrorCode.INVALID,
          "The rebuild of " + task.block() + " has a bad policy: " + e.getMessage(),
          e);
    }
  }

  private static AshlarException invalid(Task.Rebuild task, String what) {
    return new AshlarException(ErrorCode.INVALID, "The rebuild of " + task.block() + " " + what);
  }

  /** Bytes of the block to make; 0 if it has none and so is never stored. */
  public long length() {
    return lengths[task.block().index()];
  }

  /** CRC root that the block to make must have. */
  public int root() {
    return task.roots()[task.block().index()];
  }

  public BlockKey source(int index) {
    return new BlockKey(task.block().chunk(), task.block().version(), index);
  }

  public BlockPlace place(int index) {
    return task.sources().get(index);
  }

  /**
   * Bytes to read of source {@code index} for the range of the wanted block that starts at {@code
   * offset}: whole slices, or up to the source's end; 0 past it.
   */
  public int sourceBytes(int index, long offset, int range) {
    long slice = BlockLayout.SLICE_BYTES;
    long end = (offset + range + slice - 1) / slice * slice;
    return (int) Math.max(0, Math.min(end, lengths[index]) - offset);
  }
}
