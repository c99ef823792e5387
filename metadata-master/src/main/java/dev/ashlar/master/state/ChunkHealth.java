package dev.ashlar.master.state;

import dev.ashlar.master.state.HealingPlanner.RebuildTask;
import dev.ashlar.master.state.Rows.ChunkRow;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;

/**
 * What one chunk has left and what it needs.
 *
 * @param stored blocks that hold bytes
 * @param available of these, those that can be read now
 * @param left blocks that decoding can count on: available ones and those without bytes
 * @param needed blocks to be rebuilt
 * @param doable of these, those that can be rebuilt now
 * @param urgent blocks on silent disks whose replacement must not wait, because the next loss would
 *     be the last
 * @param kept blocks whose replacement must not be given up, because the chunk may need it
 */
record ChunkHealth(
    ChunkRow row,
    long stored,
    long available,
    int left,
    long needed,
    long doable,
    long urgent,
    long kept) {

  static ChunkHealth of(ChunkRow row, GroupHealth g) {
    long stored = Chunks.stored(row, g.policy);
    long absent = Chunks.all(g.policy) & ~stored;
    long available = 0;
    for (int i = 0; i < g.policy.width(); i++) {
      available |=
          Chunks.has(stored, i) && (onMember(row, g, i) || onReplacement(row, g, i))
              ? Chunks.bit(i)
              : 0;
    }
    int left = Long.bitCount(available | absent);
    boolean last = left == g.policy.k() && g.policy.m() > 0;
    long needed = 0;
    long doable = 0;
    long urgent = 0;
    long kept = 0;
    for (int i = 0; i < g.policy.width(); i++) {
      if (!Chunks.has(stored, i)) {
        continue;
      }
      long bit = Chunks.bit(i);
      needed |= needs(row, g, i, last) ? bit : 0;
      doable |= others(left, available, i) >= g.policy.k() && canRebuild(row, g, i, last) ? bit : 0;
      urgent |= last && !Chunks.has(available, i) ? bit : 0;
      boolean onlyThere = Chunks.has(row.onReplacement(), i) && !onMember(row, g, i);
      kept |= onlyThere && others(left, available, i) < g.policy.k() ? bit : 0;
    }
    return new ChunkHealth(row, stored, available, left, needed, doable, urgent, kept);
  }

  /** What is left without block i itself: a rebuild is made from the others only. */
  private static int others(int left, long available, int i) {
    return left - (Chunks.has(available, i) ? 1 : 0);
  }

  private static boolean onMember(ChunkRow row, GroupHealth g, int i) {
    return !Chunks.has(row.missing(), i) && g.member(i).readable();
  }

  private static boolean onReplacement(ChunkRow row, GroupHealth g, int i) {
    return Chunks.has(row.onReplacement(), i) && g.replacement(i).readable();
  }

  /**
   * Whether the block is not where it should be, whatever can be done about it now. A silent member
   * alone is waited for.
   */
  private static boolean needs(ChunkRow row, GroupHealth g, int i, boolean last) {
    if (g.targetIsReplacement(i)) {
      return Chunks.has(row.onReplacement(), i) ? g.replacement(i).gone() : wanted(row, g, i, last);
    }
    return Chunks.has(row.missing(), i) || g.member(i).gone() || last && !g.member(i).readable();
  }

  private static boolean canRebuild(ChunkRow row, GroupHealth g, int i, boolean last) {
    if (!g.targetWritable(i)) {
      return false;
    }
    return g.targetIsReplacement(i)
        ? !Chunks.has(row.onReplacement(), i) && wanted(row, g, i, last)
        : Chunks.has(row.missing(), i);
  }

  private static boolean wanted(ChunkRow row, GroupHealth g, int i, boolean last) {
    return Chunks.has(g.group.moving(), i)
        || Chunks.has(row.missing(), i)
        || g.member(i).gone()
        || last && !g.member(i).readable();
  }

  boolean whole() {
    return available == stored;
  }

  boolean lost(GroupHealth g) {
    return left < g.policy.k();
  }

  boolean critical(GroupHealth g) {
    return left == g.policy.k() && !whole();
  }

  RebuildTask task(GroupHealth g, int index) {
    long[] sources = new long[g.policy.width()];
    for (int i = 0; i < sources.length; i++) {
      if (Chunks.has(available, i)) {
        sources[i] = onMember(row, g, i) ? g.group.members()[i] : g.group.replacements()[i];
      }
    }
    return new RebuildTask(
        g.group.id(),
        new BlockKey(row.chunk(), row.version(), index),
        g.group.target(index),
        g.targetIsReplacement(index),
        g.group.policy(),
        row.storedLength(),
        sources,
        row.roots(),
        left,
        BlockLayout.blockLength(g.policy, row.storedLength(), index));
  }
}
