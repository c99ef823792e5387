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
    long reachable = blocks.stream().filter(BlockPlace::reachable).count();
    if (reachable + Long.bitCount(absent) < policy.k()) {
      blocks = places(row, group, policy, view, _ -> true); // silent servers are worth a try
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
      BlockPlace member =
          Chunks.has(stored & ~row.missing(), i)
              ? at(group.members()[i], false, view, good)
              : BlockPlace.NOWHERE;
      BlockPlace replacement =
          Chunks.has(stored & row.onReplacement(), i)
              ? at(group.replacements()[i], true, view, good)
              : BlockPlace.NOWHERE;
      boolean better =
          !member.exists() || (member.server().isEmpty() && !replacement.server().isEmpty());
      blocks.add(better ? replacement : member);
    }
    return blocks;
  }

  /** On a disk that is neither good nor lost: there, but not to be asked at present. */
  private static BlockPlace at(
      long disk, boolean replacement, ClusterView view, Predicate<DiskView> good) {
    DiskView v = view.disk(disk);
    if (v.health() == Health.LOST) {
      return BlockPlace.NOWHERE;
    }
    return new BlockPlace(good.test(v) ? v.address() : "", disk, replacement);
  }

  /** Fills a place for a writer, which the state machine could only name by disks. */
  static ChunkPlace writing(ChunkPlace p, ClusterView view, Tokens tokens) {
    List<BlockPlace> blocks = new ArrayList<>();
    for (BlockPlace b : p.blocks()) {
      BlockPlace place = at(b.disk(), b.replacement(), view, DiskView::writable);
      blocks.add(place.reachable() ? place : BlockPlace.NOWHERE);
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
