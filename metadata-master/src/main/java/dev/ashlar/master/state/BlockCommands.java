package dev.ashlar.master.state;

import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.state.LogCommand.DeletionKey;
import dev.ashlar.master.state.LogCommand.DiskBlock;
import dev.ashlar.master.state.Rows.ChunkOwner;
import dev.ashlar.master.state.Rows.ChunkRow;
import dev.ashlar.master.state.Rows.GroupRow;
import org.jspecify.annotations.Nullable;

/**
 * What was found out about blocks: rebuilt, missing, deleted. A block is found by the disk it lies
 * on, so the group may have changed meanwhile.
 */
final class BlockCommands {
  private final Changes c;

  BlockCommands(Changes c) {
    this.c = c;
  }

  void rebuilt(LogCommand.BlocksRebuilt m) {
    m.blocks().forEach(b -> change(b, true));
  }

  void missing(LogCommand.BlocksMissing m) {
    m.blocks().forEach(b -> change(b, false));
  }

  private void change(DiskBlock b, boolean present) {
    ChunkOwner owner = c.owner(b.group(), b.block().chunk());
    if (owner == null) {
      return;
    }
    ChunkRow row = c.chunk(owner.inode(), owner.index());
    if (row == null) {
      throw new IllegalStateException(
          "The index leads to chunk "
              + owner.index()
              + " of inode "
              + owner.inode()
              + ", which does not exist");
    }
    GroupRow group = c.groupOf(row);
    int index = b.block().index();
    if (row.version() != b.block().version()
        || index < 0
        || index >= group.members().length
        || !Chunks.has(Chunks.stored(row, Inodes.policy(group.policy())), index)) {
      return;
    }
    ChunkRow changed = changed(row, group, b.disk(), index, present);
    if (changed != null
        && (changed.missing() != row.missing() || changed.onReplacement() != row.onReplacement())) {
      c.putChunk(owner.inode(), owner.index(), row, changed, group);
    }
  }

  private static @Nullable ChunkRow changed(
      ChunkRow row, GroupRow group, long disk, int index, boolean present) {
    long bit = Chunks.bit(index);
    if (group.members()[index] == disk) {
      return Chunks.masks(
          row, group, present ? row.missing() & ~bit : row.missing() | bit, row.onReplacement());
    }
    if (group.replacements()[index] == disk) {
      return Chunks.masks(
          row,
          group,
          row.missing(),
          present ? row.onReplacement() | bit : row.onReplacement() & ~bit);
    }
    return null;
  }

  void deleted(LogCommand.DeletionsDone m) {
    for (DeletionKey k : m.keys()) {
      if (c.deletion(k.group(), k.chunk(), k.version()) != null) {
        c.delete(Table.DELETIONS.key(k.group(), k.chunk(), k.version()));
        c.cluster(Clusters.deletions(c.cluster(), -1));
      }
    }
  }
}
