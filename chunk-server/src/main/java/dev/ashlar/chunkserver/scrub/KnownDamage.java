package dev.ashlar.chunkserver.scrub;

import dev.ashlar.protocol.BlockKey;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Damaged blocks of one disk that are not mended yet. Each is looked at again from time to time,
 * ever more seldom, since the word of it may not have reached a master that acted on it. Times in
 * ms of any clock. One thread.
 */
final class KnownDamage {
  /** Most that are remembered; a pass over the disk finds the others again. */
  static final int LIMIT = 10_000;

  static final long FIRST_MS = 60_000;
  static final long MOST_MS = 3_600_000;

  /**
   * @param atMs when to look at it again
   * @param afterMs the pause before that
   */
  private record Due(BlockKey block, long atMs, long afterMs) implements Comparable<Due> {
    private static final Comparator<Due> ORDER =
        Comparator.comparingLong(Due::atMs).thenComparing(Due::block);

    @Override
    public int compareTo(Due o) {
      return ORDER.compare(this, o);
    }
  }

  private final Map<BlockKey, Due> blocks = new HashMap<>();
  private final TreeSet<Due> order = new TreeSet<>();

  /** Notes that a block is damaged now. Returns whether that is news. */
  boolean add(BlockKey block, long nowMs) {
    Due before = blocks.get(block);
    if (before == null && blocks.size() >= LIMIT) {
      return false;
    }
    long pause = before == null ? FIRST_MS : before.afterMs();
    if (before != null && before.atMs() <= nowMs) {
      pause = Math.min(MOST_MS, 2 * pause);
    }
    mended(block);
    Due due = new Due(block, nowMs + pause, pause);
    blocks.put(block, due);
    order.add(due);
    return before == null;
  }

  /** The block is good, or gone. */
  void mended(BlockKey block) {
    Due due = blocks.remove(block);
    if (due != null) {
      order.remove(due);
    }
  }

  int size() {
    return blocks.size();
  }

  /** A block to look at again, null if none is due. */
  @Nullable BlockKey next(long nowMs) {
    return nextMs() <= nowMs ? order.first().block() : null;
  }

  /** When the next block is due. */
  long nextMs() {
    return order.isEmpty() ? Long.MAX_VALUE : order.first().atMs();
  }
}
