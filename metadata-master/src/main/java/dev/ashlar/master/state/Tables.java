package dev.ashlar.master.state;

import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.state.Rows.ChunkOwner;
import dev.ashlar.master.state.Rows.ChunkRow;
import dev.ashlar.master.state.Rows.ClusterRow;
import dev.ashlar.master.state.Rows.DeletionRow;
import dev.ashlar.master.state.Rows.DiskRow;
import dev.ashlar.master.state.Rows.EntryRow;
import dev.ashlar.master.state.Rows.GroupCounts;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.master.state.Rows.InodeRow;
import dev.ashlar.master.state.Rows.LeaseOwner;
import dev.ashlar.master.state.Rows.LeaseRow;
import dev.ashlar.master.state.Rows.PackRow;
import dev.ashlar.master.state.Rows.SessionRow;
import dev.ashlar.master.state.Rows.SliceRow;
import dev.ashlar.master.state.Rows.StagedRow;
import dev.ashlar.master.store.ReadTxn;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Typed reading of the tables in one transaction. */
class Tables {
  private static final ClusterRow NEW_CLUSTER = new ClusterRow(0, "", 0, 2, 1, 1, 1, 0, 0, 0, 0, 0);

  private final ReadTxn txn;

  Tables(ReadTxn txn) {
    this.txn = txn;
  }

  final <T extends Record> @Nullable T get(Class<T> type, byte[] key) {
    byte[] value = txn.get(key);
    return value == null ? null : Encoding.decode(type, value);
  }

  /** A row with its key. */
  record Found<T extends Record>(byte[] key, T row) {}

  /**
   * At most {@code limit} rows whose keys start with {@code prefix} and are at or above {@code
   * from}.
   */
  final <T extends Record> List<Found<T>> page(
      Class<T> type, byte[] prefix, byte[] from, int limit) {
    List<Found<T>> rows = new ArrayList<>();
    if (limit > 0) {
      txn.scan(
          from,
          Keys.after(prefix),
          (key, value) -> {
            rows.add(new Found<>(key, Encoding.decode(type, value)));
            return rows.size() < limit;
          });
    }
    return rows;
  }

  final <T extends Record> List<Found<T>> all(Class<T> type, byte[] prefix) {
    return page(type, prefix, prefix, Integer.MAX_VALUE);
  }

  /** Keys that start with {@code prefix}, at most {@code limit}. */
  final List<byte[]> keys(byte[] prefix, int limit) {
    List<byte[]> keys = new ArrayList<>();
    txn.scan(
        prefix,
        Keys.after(prefix),
        (key, value) -> {
          keys.add(key);
          return keys.size() < limit;
        });
    return keys;
  }

  final void visitKeys(byte[] from, byte[] toExclusive, Consumer<byte[]> visitor) {
    txn.scan(
        from,
        toExclusive,
        (key, value) -> {
          visitor.accept(key);
          return true;
        });
  }

  final byte @Nullable [] bytes(byte[] key) {
    return txn.get(key);
  }

  ClusterRow cluster() {
    ClusterRow row = get(ClusterRow.class, Table.CLUSTER.key());
    return row == null ? NEW_CLUSTER : row;
  }

  @Nullable InodeRow inode(long inode) {
    return get(InodeRow.class, Table.INODES.key(inode));
  }

  final @Nullable EntryRow entry(long parent, String name) {
    return get(EntryRow.class, Table.ENTRIES.key(parent, name));
  }

  /** A chunk row in terms of its group as it is now. */
  final @Nullable ChunkRow chunk(long inode, int index) {
    ChunkRow row = get(ChunkRow.class, Table.CHUNKS.key(inode, index));
    return row == null ? null : Chunks.current(row, groupOf(row));
  }

  final GroupRow groupOf(ChunkRow row) {
    GroupRow group = group(row.group());
    if (group == null) {
      throw new IllegalStateException(
          "Chunk " + row.chunk() + " lies on group " + row.group() + ", which does not exist");
    }
    return group;
  }

  /** Committed chunks of a file from {@code first}, at most {@code limit}. */
  final List<Found<ChunkRow>> chunks(long inode, int first, int limit) {
    List<Found<ChunkRow>> rows = new ArrayList<>();
    for (Found<ChunkRow> f :
        page(ChunkRow.class, Table.CHUNKS.key(inode), Table.CHUNKS.key(inode, first), limit)) {
      rows.add(new Found<>(f.key, Chunks.current(f.row, groupOf(f.row))));
    }
    return rows;
  }

  final @Nullable SliceRow slice(long inode) {
    return get(SliceRow.class, Table.SLICES.key(inode));
  }

  final @Nullable PackRow pack(long inode) {
    return get(PackRow.class, Table.PACKS.key(inode));
  }

  /** Files that have bytes in a pack, at most {@code limit}. */
  final List<Long> packFiles(long pack, int limit) {
    return keys(Table.PACK_FILES.key(pack), limit).stream().map(k -> Keys.number(k, 1)).toList();
  }

  final @Nullable StagedRow staged(long inode, int index) {
    return get(StagedRow.class, Table.STAGED.key(inode, index));
  }

  final @Nullable ChunkOwner stagedOwner(long chunk) {
    return get(ChunkOwner.class, Table.STAGED_CHUNKS.key(chunk));
  }

  final @Nullable ChunkOwner owner(long group, long chunk) {
    return get(ChunkOwner.class, Table.CHUNK_INDEX.key(group, chunk));
  }

  @Nullable GroupRow group(long group) {
    return get(GroupRow.class, Table.GROUPS.key(group));
  }

  @Nullable GroupCounts counts(long group) {
    return get(GroupCounts.class, Table.GROUP_COUNTS.key(group));
  }

  final @Nullable DiskRow disk(long disk) {
    return get(DiskRow.class, Table.DISKS.key(disk));
  }

  final @Nullable LeaseRow lease(long inode) {
    return get(LeaseRow.class, Table.LEASES.key(inode));
  }

  final @Nullable LeaseOwner leaseOwner(long epoch) {
    return get(LeaseOwner.class, Table.LEASE_EPOCHS.key(epoch));
  }

  final @Nullable SessionRow session(long client) {
    return get(SessionRow.class, Table.SESSIONS.key(client));
  }

  final @Nullable DeletionRow deletion(long group, long chunk, long version) {
    return get(DeletionRow.class, Table.DELETIONS.key(group, chunk, version));
  }

  /** Index of a chunk in its file, from its key in CHUNKS or STAGED. */
  static int index(byte[] key) {
    return (int) Keys.number(key, 1);
  }
}
