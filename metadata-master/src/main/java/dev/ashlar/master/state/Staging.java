package dev.ashlar.master.state;

import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.state.Rows.ChunkRow;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.master.state.Rows.StagedRow;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.BlockPlace;
import dev.ashlar.protocol.message.ChunkPlace;
import java.util.ArrayList;
import java.util.List;

/**
 * Hands chunks out to a file's writer. A version number is never handed out twice for one chunk, so
 * the deletion of a dropped version cannot hit a later one, and a zombie of an older lease cannot
 * write into it.
 */
final class Staging {
  /** Most chunks in one command: bounds the size of its reply. */
  static final int MAX_CHUNKS = 256;

  private final Changes c;

  Staging(Changes c) {
    this.c = c;
  }

  /** Checks everything that {@link #stage} relies on. */
  void check(Policy policy, long inode, int first, int count, boolean fresh, long[] groups) {
    if (first < 0 || count < 1 || count > MAX_CHUNKS || first > Integer.MAX_VALUE - count) {
      throw new Refusal(
          ErrorCode.INVALID,
          "Cannot allocate "
              + count
              + " chunks from number "
              + first
              + ": 1 to "
              + MAX_CHUNKS
              + " at once are possible");
    }
    if (groups.length != count) {
      throw new Refusal(ErrorCode.RETRY, "No placement was chosen for these chunks");
    }
    for (int i = 0; i < count; i++) {
      if (fresh || c.chunk(inode, first + i) == null) {
        GroupRow group = c.group(groups[i]);
        if (group == null || !group.policy().equals(policy.toString())) {
          throw new Refusal(
              ErrorCode.RETRY,
              "The placement chosen for chunk " + (first + i) + " is not valid any more");
        }
      }
    }
  }

  List<ChunkPlace> stage(
      long inode, long epoch, int first, int count, boolean fresh, long[] groups) {
    List<ChunkPlace> places = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int index = first + i;
      StagedRow before = c.staged(inode, index);
      if (before != null) {
        c.dropStaged(inode, index, before);
      }
      ChunkRow committed = fresh ? null : c.chunk(inode, index);
      places.add(
          committed == null
              ? newChunk(inode, epoch, index, groups[i])
              : newVersion(inode, epoch, index, committed));
    }
    return places;
  }

  private ChunkPlace newChunk(long inode, long epoch, int index, long groupId) {
    GroupRow group = c.group(groupId);
    if (group == null) {
      throw new IllegalStateException("Group " + groupId + " was checked and is gone");
    }
    StagedRow row =
        new StagedRow(c.nextChunk(), 1, 0, epoch, groupId, group.epoch(), targets(group));
    c.putStaged(inode, index, row);
    return place(index, row, group, 0, 0);
  }

  private ChunkPlace newVersion(long inode, long epoch, int index, ChunkRow committed) {
    GroupRow group = c.groupOf(committed);
    long version = committed.lastVersion() + 1;
    c.put(Table.CHUNKS.key(inode, index), Chunks.handedOut(committed, version));
    StagedRow row =
        new StagedRow(
            committed.chunk(),
            version,
            committed.version(),
            epoch,
            group.id(),
            group.epoch(),
            targets(group));
    c.putStaged(inode, index, row);
    return place(index, row, group, committed.storedLength(), committed.validLength());
  }

  private static long[] targets(GroupRow group) {
    long[] targets = new long[group.members().length];
    for (int i = 0; i < targets.length; i++) {
      targets[i] = group.target(i);
    }
    return targets;
  }

  private static ChunkPlace place(
      int index, StagedRow row, GroupRow group, long storedLength, long validLength) {
    List<BlockPlace> blocks = new ArrayList<>();
    for (int i = 0; i < row.targets().length; i++) {
      blocks.add(new BlockPlace("", row.targets()[i], row.targets()[i] != group.members()[i]));
    }
    BlockToken unsigned =
        new BlockToken(
            row.chunk(),
            row.version(),
            BlockToken.READ | BlockToken.WRITE,
            row.epoch(),
            row.group(),
            0,
            0,
            new byte[0]);
    return new ChunkPlace(
        index,
        row.chunk(),
        row.version(),
        row.base(),
        storedLength,
        validLength,
        row.group(),
        row.groupEpoch(),
        blocks,
        new int[0],
        unsigned);
  }
}
