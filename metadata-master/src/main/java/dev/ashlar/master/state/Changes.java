package dev.ashlar.master.state;

import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.state.Rows.ChunkOwner;
import dev.ashlar.master.state.Rows.ChunkRow;
import dev.ashlar.master.state.Rows.ClusterRow;
import dev.ashlar.master.state.Rows.DeletionRow;
import dev.ashlar.master.state.Rows.GroupCounts;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.master.state.Rows.InodeRow;
import dev.ashlar.master.state.Rows.StagedRow;
import dev.ashlar.master.store.WriteTxn;
import dev.ashlar.protocol.message.Attr;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Typed writing of the tables for one command. Keeps what belongs together in step: a chunk row
 * with its index row, the counts of its group and of the cluster, and the deletion of what it
 * replaces. The cluster row, inode rows and counts are held back until {@link #flush}.
 */
final class Changes extends Tables {
  private final WriteTxn txn;
  private final long nowNs;
  private final Map<Long, Counts> counts = new TreeMap<>();
  private final Map<Long, Optional<InodeRow>> inodes = new TreeMap<>();
  private final Map<Long, Optional<GroupRow>> groups = new TreeMap<>();
  private final ClusterRow before;
  private ClusterRow cluster;

  Changes(WriteTxn txn, long timeNs) {
    super(txn);
    this.txn = txn;
    before = super.cluster();
    nowNs = Math.max(before.timeNs(), timeNs);
    cluster = Clusters.time(before, nowNs);
  }

  /** The command's time: never before that of an earlier command. */
  long nowNs() {
    return nowNs;
  }

  void flush() {
    if (!cluster.equals(before)) {
      txn.put(Table.CLUSTER.key(), Encoding.encode(cluster));
    }
    inodes.forEach((inode, row) -> {
      byte[] key = Table.INODES.key(inode);
      row.ifPresentOrElse(r -> put(key, r), () -> delete(key));
    });
    counts.forEach((group, c) -> txn.put(Table.GROUP_COUNTS.key(group), Encoding.encode(c.row())));
  }

  void put(byte[] key, Record row) {
    txn.put(key, Encoding.encode(row));
  }

  void put(byte[] key, byte[] value) {
    txn.put(key, value);
  }

  void delete(byte[] key) {
    txn.delete(key);
  }

  @Override
  ClusterRow cluster() {
    return cluster;
  }

  void cluster(ClusterRow row) {
    cluster = row;
  }

  long nextInode() {
    long id = cluster.nextInode();
    cluster = Clusters.nextInode(cluster);
    return id;
  }

  long nextChunk() {
    long id = cluster.nextChunk();
    cluster = Clusters.nextChunk(cluster);
    return id;
  }

  long nextEpoch() {
    long id = cluster.nextEpoch();
    cluster = Clusters.nextEpoch(cluster);
    return id;
  }

  long nextGroup() {
    long id = cluster.nextGroup();
    cluster = Clusters.nextGroup(cluster);
    return id;
  }

  void countNames(int files, int directories) {
    cluster = Clusters.names(cluster, files, directories);
  }

  @Override
  @Nullable GroupCounts counts(long group) {
    Counts c = counts.get(group);
    return c == null ? super.counts(group) : c.row();
  }

  Counts countsOf(GroupRow group) {
    return counts.computeIfAbsent(
        group.id(),
        id -> {
          GroupCounts row = super.counts(id);
          return new Counts(row == null ? Counts.none(group.members().length) : row);
        });
  }

  @Override
  @Nullable InodeRow inode(long inode) {
    Optional<InodeRow> held = inodes.get(inode);
    return held == null ? super.inode(inode) : held.orElse(null);
  }

  void putInode(InodeRow row) {
    inodes.put(row.attr().inode(), Optional.of(row));
  }

  void removeInode(long inode) {
    inodes.put(inode, Optional.empty());
  }

  void putAttr(InodeRow row, Attr attr) {
    putInode(new InodeRow(attr, row.parent(), row.name(), row.target()));
  }

  @Override
  @Nullable GroupRow group(long group) {
    return groups.computeIfAbsent(group, id -> Optional.ofNullable(super.group(id))).orElse(null);
  }

  void putGroup(GroupRow row) {
    groups.put(row.id(), Optional.of(row));
    put(Table.GROUPS.key(row.id()), row);
  }

  /**
   * Writes a chunk row that is in terms of its group as it is now; {@code old} is the one it takes
   * the place of.
   */
  void putChunk(long inode, int index, @Nullable ChunkRow old, ChunkRow row, GroupRow group) {
    if (old != null) {
      uncount(old);
    }
    put(Table.CHUNKS.key(inode, index), row);
    put(Table.CHUNK_INDEX.key(row.group(), row.chunk()), new ChunkOwner(inode, index));
    countsOf(group).count(row, Policies.of(group.policy()), 1);
    cluster = Clusters.data(cluster, row.validLength(), 1);
  }

  /** Takes a chunk out of its file and queues its blocks for deletion. */
  void dropChunk(long inode, int index, ChunkRow row) {
    uncount(row);
    delete(Table.CHUNKS.key(inode, index));
    queueDeletion(row.group(), row.chunk(), row.version(), inode);
  }

  private void uncount(ChunkRow row) {
    GroupRow group = groupOf(row);
    countsOf(group).count(row, Policies.of(group.policy()), -1);
    cluster = Clusters.data(cluster, -row.validLength(), -1);
    delete(Table.CHUNK_INDEX.key(row.group(), row.chunk()));
  }

  void queueDeletion(long group, long chunk, long version, long inode) {
    if (deletion(group, chunk, version) == null) {
      cluster = Clusters.deletions(cluster, 1);
    }
    put(Table.DELETIONS.key(group, chunk, version), new DeletionRow(inode, nowNs));
  }

  void putStaged(long inode, int index, StagedRow row) {
    put(Table.STAGED.key(inode, index), row);
    put(Table.STAGED_CHUNKS.key(row.chunk()), new ChunkOwner(inode, index));
  }

  void removeStaged(long inode, int index, StagedRow row) {
    delete(Table.STAGED.key(inode, index));
    delete(Table.STAGED_CHUNKS.key(row.chunk()));
  }

  /** Takes back a staged chunk that was not committed. */
  void dropStaged(long inode, int index, StagedRow row) {
    removeStaged(inode, index, row);
    queueDeletion(row.group(), row.chunk(), row.version(), inode);
  }
}
