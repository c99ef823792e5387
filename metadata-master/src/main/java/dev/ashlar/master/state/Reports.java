package dev.ashlar.master.state;

import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.state.Queries.Judgement;
import dev.ashlar.master.state.Rows.ChunkOwner;
import dev.ashlar.master.state.Rows.ChunkRow;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.master.state.Rows.StagedRow;
import dev.ashlar.master.state.Tables.Found;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.Checksums;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.MasterReply.BlockFate;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import dev.ashlar.protocol.message.MasterRequest.GroupDigest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Compares what a disk has with what it should have. */
final class Reports {
  private static final int PAGE = 1000;

  private final Tables t;

  Reports(Tables t) {
    this.t = t;
  }

  GroupDigest digest(long disk, long groupId) {
    long[] sum = new long[2];
    expected(
        disk,
        groupId,
        0,
        0,
        (block, root) -> {
          sum[0]++;
          sum[1] += Checksums.digest(block, root);
        });
    return new GroupDigest(groupId, sum[0], sum[1]);
  }

  Judgement judge(long disk, long groupId, List<BlockEntry> blocks, long from, long to) {
    Judgement j =
        new Judgement(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    Set<BlockKey> sealed = new HashSet<>();
    for (BlockEntry b : blocks) {
      if (b.sealed()) {
        sealed.add(b.block());
      }
      judge(disk, groupId, b, j);
    }
    expected(
        disk,
        groupId,
        from,
        to,
        (block, root) -> {
          if (!sealed.contains(block)) {
            j.absent().add(block);
          }
        });
    return j;
  }

  private void judge(long disk, long groupId, BlockEntry b, Judgement j) {
    BlockKey key = b.block();
    if (key.chunk() < 1
        || key.chunk() >= t.cluster().nextChunk()
        || t.deletion(groupId, key.chunk(), key.version()) != null) {
      return; // never handed out: not ours to judge; or waits for its readers and then for the
      // deletion
    }
    ChunkOwner staged = t.stagedOwner(key.chunk());
    if (staged != null && isStaged(staged, disk, key)) {
      return;
    }
    ChunkOwner owner = t.owner(groupId, key.chunk());
    ChunkRow row = owner == null ? null : t.chunk(owner.inode(), owner.index());
    if (row == null) {
      j.delete().add(key);
      return;
    }
    if (key.version() > row.lastVersion()) {
      return; // never handed out
    }
    GroupRow group = t.groupOf(row);
    Policy policy = Policies.of(group.policy());
    if (row.version() != key.version()
        || Places.indexOf(group, disk) != key.index()
        || !Chunks.has(Chunks.stored(row, policy), key.index())) {
      j.delete().add(key);
      return;
    }
    if (!b.sealed()) {
      return; // the leftover of a writer or a rebuild: a rebuild puts it right
    }
    boolean expected = Places.expected(row, group, policy, key.index(), disk);
    boolean good = b.root() == row.roots()[key.index()];
    if (good && !expected) {
      j.found().add(key);
    } else if (!good) {
      j.wrong().add(key);
    }
  }

  /** Why a block may be on a disk. Changes nothing. */
  BlockFate fate(long disk, BlockEntry b) {
    BlockKey key = b.block();
    if (t.deletion(b.group(), key.chunk(), key.version()) != null) {
      return BlockFate.DELETING;
    }
    ChunkOwner staged = t.stagedOwner(key.chunk());
    if (staged != null && isStaged(staged, disk, key)) {
      return BlockFate.STAGED;
    }
    ChunkOwner owner = t.owner(b.group(), key.chunk());
    ChunkRow row = owner == null ? null : t.chunk(owner.inode(), owner.index());
    if (row == null) {
      return BlockFate.GARBAGE;
    }
    GroupRow group = t.groupOf(row);
    boolean place =
        row.version() == key.version()
            && Places.indexOf(group, disk) == key.index()
            && Chunks.has(Chunks.stored(row, Policy.parse(group.policy())), key.index());
    return !place ? BlockFate.GARBAGE : b.sealed() ? BlockFate.NEEDED : BlockFate.STAGED;
  }

  private boolean isStaged(ChunkOwner owner, long disk, BlockKey key) {
    StagedRow row = t.staged(owner.inode(), owner.index());
    return row != null
        && row.chunk() == key.chunk()
        && row.version() == key.version()
        && key.index() >= 0
        && key.index() < row.targets().length
        && row.targets()[key.index()] == disk;
  }

  private interface Expected {
    void block(BlockKey block, int root);
  }

  /**
   * @param to end of the chunk ids, not in them; 0 if there is none
   */
  private void expected(long disk, long groupId, long fromChunk, long to, Expected each) {
    GroupRow group = t.group(groupId);
    int index = group == null ? -1 : Places.indexOf(group, disk);
    if (group == null || index < 0) {
      return;
    }
    Policy policy = Policies.of(group.policy());
    byte[] prefix = Table.CHUNK_INDEX.key(groupId);
    byte[] from = Table.CHUNK_INDEX.key(groupId, fromChunk);
    while (true) {
      List<Found<ChunkOwner>> page = t.page(ChunkOwner.class, prefix, from, PAGE);
      for (Found<ChunkOwner> f : page) {
        ChunkRow row = t.chunk(f.row().inode(), f.row().index());
        if (row != null && to != 0 && row.chunk() >= to) {
          return;
        }
        if (row != null && Places.expected(row, group, policy, index, disk)) {
          each.block(new BlockKey(row.chunk(), row.version(), index), row.roots()[index]);
        }
      }
      if (page.size() < PAGE) {
        return;
      }
      from = Keys.next(page.getLast().key());
    }
  }
}
