package dev.ashlar.master.state;

import dev.ashlar.master.state.Rows.ChunkRow;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.Policy;

/** Arithmetic on the bit masks of chunks. */
final class Chunks {
  private Chunks() {}

  static long bit(int index) {
    return 1L << index;
  }

  static boolean has(long mask, int index) {
    return (mask & bit(index)) != 0;
  }

  /** One bit for each block of the policy. */
  static long all(Policy policy) {
    return policy.width() == Long.SIZE ? -1 : bit(policy.width()) - 1;
  }

  /** Bits of blocks that hold any byte of this chunk. */
  static long stored(ChunkRow row, Policy policy) {
    return BlockLayout.storedMask(policy, row.storedLength());
  }

  /**
   * The row in terms of the group as it is now: ends of replacements are applied here, on reading,
   * so that no command has to touch every chunk of a group.
   */
  static ChunkRow current(ChunkRow row, GroupRow group) {
    if (row.groupEpoch() == group.epoch()) {
      return row;
    }
    long moved = 0;
    long dropped = 0;
    for (int i = 0; i < group.members().length; i++) {
      moved |= group.movedAt()[i] > row.groupEpoch() ? bit(i) : 0;
      dropped |= group.droppedAt()[i] > row.groupEpoch() ? bit(i) : 0;
    }
    return masks(row, group, row.missing() & ~moved, row.onReplacement() & ~moved & ~dropped);
  }

  static ChunkRow masks(ChunkRow row, GroupRow group, long missing, long onReplacement) {
    return new ChunkRow(
        row.chunk(),
        row.version(),
        row.lastVersion(),
        row.group(),
        group.epoch(),
        row.storedLength(),
        row.validLength(),
        missing,
        onReplacement,
        row.roots());
  }

  static ChunkRow handedOut(ChunkRow row, long version) {
    return new ChunkRow(
        row.chunk(),
        row.version(),
        version,
        row.group(),
        row.groupEpoch(),
        row.storedLength(),
        row.validLength(),
        row.missing(),
        row.onReplacement(),
        row.roots());
  }

  static ChunkRow cut(ChunkRow row, long validLength) {
    return new ChunkRow(
        row.chunk(),
        row.version(),
        row.lastVersion(),
        row.group(),
        row.groupEpoch(),
        row.storedLength(),
        validLength,
        row.missing(),
        row.onReplacement(),
        row.roots());
  }
}
