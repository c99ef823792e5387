package dev.ashlar.master.state;

import dev.ashlar.master.state.ClusterView.DiskView;
import dev.ashlar.master.state.Rows.ChunkRow;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.BlockPlace;
import dev.ashlar.protocol.message.ChunkPlace;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** From rows and the leader's view of the cluster to places that a client can use. */
final class Places {
  private Places() {}

  /** Where to read a committed chunk. */
  static ChunkPlace reading(
      int index, ChunkRow row, GroupRow group, ClusterView view, Tokens tokens) {
    Policy policy = Policies.of(group.policy());
    List<BlockPlace> blocks = places(row, group, policy, view, v -> v.health().readable());
    long absent = Chunks.all(policy) & ~Chunks.stored(row, policy);
    if (blocks.stream().filter(BlockPlace::exists).count() + Long.bitCount(absent) < policy.k()) {
      blocks =
          places(
              row,
              group,
              policy,
              view,
              v -> v.health() != Health.LOST); // a silent server is worth a try before giving up
    }
    BlockToken token = tokens.issue(row.chunk(), row.version(), BlockToken.READ, 0, group.id());
    return new ChunkPlace(
        index,
        row.chunk(),
        row.version(),
        0,
        row.storedLength(),
        row.validLength(),
        group.id(),
        group.epoch(),
        blocks,
        row.roots(),
        token);
  }

  private static List<BlockPlace> places(
      ChunkRow row, GroupRow group, Policy policy, ClusterView view, Predicate<DiskView> good) {
    long stored = Chunks.stored(row, policy);
    List<BlockPlace> blocks = new ArrayList<>();
    for (int i = 0; i < policy.width(); i++) {
      BlockPlace place = BlockPlace.NOWHERE;
      if (Chunks.has(stored & ~row.missing(), i)) {
        place = at(group.members()[i], false, view, good);
      }
      if (!place.exists() && Chunks.has(stored & row.onReplacement(), i)) {
        place = at(group.replacements()[i], true, view, good);
      }
      blocks.add(place);
    }
    return blocks;
  }

  private static BlockPlace at(
      long disk, boolean replacement, ClusterView view, Predicate<DiskView> good) {
    DiskView v = view.disk(disk);
    return v.address().isEmpty() || !good.test(v)
        ? BlockPlace.NOWHERE
        : new BlockPlace(v.address(), disk, replacement);
  }

  /** Fills a place for a writer, which the state machine could only name by disks. */
  static ChunkPlace writing(ChunkPlace p, ClusterView view, Tokens tokens) {
    List<BlockPlace> blocks = new ArrayList<>();
    for (BlockPlace b : p.blocks()) {
      blocks.add(at(b.disk(), b.replacement(), view, DiskView::writable));
    }
    BlockToken t = p.token();
    BlockToken signed = tokens.issue(t.chunk(), t.version(), t.rights(), t.epoch(), t.group());
    return new ChunkPlace(
        p.index(),
        p.chunk(),
        p.version(),
        p.base(),
        p.storedLength(),
        p.validLength(),
        p.group(),
        p.groupEpoch(),
        blocks,
        p.roots(),
        signed);
  }

  /**
   * Index of the block that this disk may hold in the group as member or replacement, -1 if none.
   */
  static int indexOf(GroupRow group, long disk) {
    for (int i = 0; i < group.members().length; i++) {
      if (group.members()[i] == disk || group.replacements()[i] == disk) {
        return i;
      }
    }
    return -1;
  }

  /** Whether block {@code index} of a committed chunk should be on this disk. */
  static boolean expected(ChunkRow row, GroupRow group, Policy policy, int index, long disk) {
    if (!Chunks.has(Chunks.stored(row, policy), index)) {
      return false;
    }
    return group.members()[index] == disk && !Chunks.has(row.missing(), index)
        || group.replacements()[index] == disk && Chunks.has(row.onReplacement(), index);
  }
}
