package dev.ashlar.master.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.state.LogCommand.DeletionKey;
import dev.ashlar.master.state.Rows.ChunkOwner;
import dev.ashlar.master.state.Rows.ChunkRow;
import dev.ashlar.master.state.Rows.ClusterRow;
import dev.ashlar.master.state.Rows.DeletionRow;
import dev.ashlar.master.state.Rows.EntryRow;
import dev.ashlar.master.state.Rows.GroupCounts;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.master.state.Rows.InodeRow;
import dev.ashlar.master.state.Rows.LeaseOwner;
import dev.ashlar.master.state.Rows.LeaseRow;
import dev.ashlar.master.state.Rows.PackRow;
import dev.ashlar.master.state.Rows.SliceRow;
import dev.ashlar.master.state.Rows.StagedRow;
import dev.ashlar.master.state.Tables.Found;
import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.FileType;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What must hold of the tables between any two commands. */
final class Invariants {
  private final Tables t;
  private final Map<Long, InodeRow> inodes = new TreeMap<>();

  private Invariants(ReadTxn txn) {
    this.t = new Tables(txn);
    t.all(InodeRow.class, Table.INODES.key())
        .forEach(f -> inodes.put(f.row().attr().inode(), f.row()));
  }

  static void check(ReadTxn txn) {
    Invariants i = new Invariants(txn);
    i.names();
    i.chunks();
    i.leases();
    i.packs();
  }

  private void names() {
    Map<Long, Integer> names = new HashMap<>();
    Map<Long, Integer> entries = new HashMap<>();
    Map<Long, Integer> subdirectories = new HashMap<>();
    Set<String> links = new HashSet<>();
    for (byte[] key : t.keys(Table.LINKS.key(), Integer.MAX_VALUE)) {
      links.add(Keys.number(key, 0) + " " + Keys.number(key, 1) + " " + Keys.name(key, 2));
    }
    for (Found<EntryRow> f : t.all(EntryRow.class, Table.ENTRIES.key())) {
      long parent = Keys.number(f.key(), 0);
      String name = Keys.name(f.key(), 1);
      InodeRow row = inodes.get(f.row().inode());
      assertNotNull(row, () -> "entry without inode: " + name);
      assertEquals(row.attr().type(), f.row().type());
      names.merge(f.row().inode(), 1, Integer::sum);
      entries.merge(parent, 1, Integer::sum);
      subdirectories.merge(parent, row.attr().isDirectory() ? 1 : 0, Integer::sum);
      if (row.parent() != parent || !row.name().equals(name)) {
        assertTrue(
            links.remove(f.row().inode() + " " + parent + " " + name),
            () -> "no way back from inode to name " + name);
      }
    }
    assertTrue(links.isEmpty(), () -> "names that do not exist: " + links);
    long files = 0;
    long directories = 0;
    for (InodeRow row : inodes.values()) {
      Attr a = row.attr();
      if (a.isDirectory()) {
        directories++;
        assertEquals(entries.getOrDefault(a.inode(), 0).longValue(), a.size(), "entries of " + a);
        assertEquals(2 + subdirectories.getOrDefault(a.inode(), 0), a.links(), "links of " + a);
        assertEquals(
            a.inode() == Attr.ROOT ? 0 : 1, names.getOrDefault(a.inode(), 0), "names of " + a);
        assertTrue(Inodes.isWithin(t, a.inode(), Attr.ROOT), () -> "not under the root: " + a);
      } else {
        files += a.links() > 0 ? 1 : 0;
        assertEquals(names.getOrDefault(a.inode(), 0), a.links(), "links of " + a);
        assertEquals(a.links() == 0, row.parent() == 0);
      }
    }
    assertEquals(files, t.cluster().files(), "count of files");
    assertEquals(directories, t.cluster().directories(), "count of directories");
    for (byte[] key : t.keys(Table.XATTRS.key(), Integer.MAX_VALUE)) {
      assertTrue(inodes.containsKey(Keys.number(key, 0)), "attribute without inode");
    }
  }

  private void chunks() {
    ClusterRow cluster = t.cluster();
    Map<Long, Counts> counts = new TreeMap<>();
    Map<Long, GroupRow> groups = new TreeMap<>();
    for (Found<GroupRow> f : t.all(GroupRow.class, Table.GROUPS.key())) {
      groups.put(f.row().id(), f.row());
      counts.put(f.row().id(), new Counts(Counts.none(f.row().members().length)));
    }
    Set<Long> ids = new HashSet<>();
    long bytes = 0;
    int index = 0;
    for (Found<ChunkRow> f : t.all(ChunkRow.class, Table.CHUNKS.key())) {
      index++;
      long inode = Keys.number(f.key(), 0);
      InodeRow file = inodes.get(inode);
      assertNotNull(file, "chunk without inode");
      Policy policy = Policy.parse(file.attr().policy());
      GroupRow group = groups.get(f.row().group());
      assertNotNull(group);
      assertEquals(file.attr().policy(), group.policy());
      ChunkRow row = Chunks.current(f.row(), group);
      Objects.requireNonNull(counts.get(group.id())).count(row, policy, 1);
      bytes += row.validLength();
      assertTrue(ids.add(row.chunk()), "chunk id used twice");
      assertEquals(new ChunkOwner(inode, Tables.index(f.key())), t.owner(row.group(), row.chunk()));
      assertTrue(row.chunk() < cluster.nextChunk() && row.version() <= row.lastVersion());
      assertTrue(row.validLength() >= 1 && row.validLength() <= row.storedLength());
      assertTrue(
          Tables.index(f.key()) * policy.chunkBytes() + row.validLength() <= file.attr().size(),
          "chunk past the end of its file");
      assertEquals(0, row.missing() & ~Chunks.stored(row, policy));
      assertEquals(0, row.onReplacement() & ~Chunks.stored(row, policy));
      for (int i = 0; i < policy.width(); i++) {
        assertFalse(
            Chunks.has(row.onReplacement(), i) && group.replacements()[i] == 0,
            "a block on a replacement that is none");
      }
      assertEquals(
          null,
          t.deletion(row.group(), row.chunk(), row.version()),
          "a live version is to be deleted");
    }
    assertEquals(index, t.keys(Table.CHUNK_INDEX.key(), Integer.MAX_VALUE).size(), "index rows");
    assertEquals(index, cluster.chunks(), "count of chunks");
    assertEquals(bytes, cluster.dataBytes(), "count of bytes");
    assertEquals(
        t.all(DeletionRow.class, Table.DELETIONS.key()).size(),
        cluster.deletions(),
        "count of deletions");
    counts.forEach((id, c) -> equal(id, c.row(), t.counts(id)));
  }

  private static void equal(long group, GroupCounts expected, @Nullable GroupCounts actual) {
    assertNotNull(actual);
    assertEquals(text(expected), text(actual), "counts of group " + group);
  }

  private static String text(GroupCounts c) {
    return c.chunks()
        + " "
        + c.bytes()
        + Arrays.toString(c.stored())
        + Arrays.toString(c.missing())
        + Arrays.toString(c.replaced());
  }

  private void leases() {
    int leases = 0;
    for (Found<LeaseRow> f : t.all(LeaseRow.class, Table.LEASES.key())) {
      leases++;
      long inode = Keys.number(f.key(), 0);
      InodeRow row = inodes.get(inode);
      assertNotNull(row, "lease without inode");
      assertEquals(FileType.FILE, row.attr().type());
      assertEquals(new LeaseOwner(inode, f.row().client()), t.leaseOwner(f.row().epoch()));
      assertNotNull(t.bytes(Table.CLIENT_LEASES.key(f.row().client(), f.row().epoch())));
      assertNotNull(t.session(f.row().client()), "lease without session");
    }
    assertEquals(leases, t.keys(Table.LEASE_EPOCHS.key(), Integer.MAX_VALUE).size());
    assertEquals(leases, t.keys(Table.CLIENT_LEASES.key(), Integer.MAX_VALUE).size());
    for (InodeRow row : inodes.values()) {
      assertTrue(
          row.attr().links() > 0
              || row.attr().type() == FileType.PACK
              || t.lease(row.attr().inode()) != null,
          () -> "staged file without lease: " + row);
    }
    int staged = 0;
    for (Found<StagedRow> f : t.all(StagedRow.class, Table.STAGED.key())) {
      staged++;
      long inode = Keys.number(f.key(), 0);
      LeaseRow lease = t.lease(inode);
      assertNotNull(lease, "staged chunk without lease");
      assertEquals(lease.epoch(), f.row().epoch());
      assertEquals(new ChunkOwner(inode, Tables.index(f.key())), t.stagedOwner(f.row().chunk()));
      assertEquals(
          null,
          t.deletion(f.row().group(), f.row().chunk(), f.row().version()),
          "a staged version is to be deleted");
    }
    assertEquals(staged, t.keys(Table.STAGED_CHUNKS.key(), Integer.MAX_VALUE).size());
  }

  private void packs() {
    Map<Long, TreeMap<Long, Long>> ends = new TreeMap<>();
    for (Found<SliceRow> f : t.all(SliceRow.class, Table.SLICES.key())) {
      long inode = Keys.number(f.key(), 0);
      SliceRow slice = f.row();
      InodeRow file = inodes.get(inode);
      InodeRow pack = inodes.get(slice.pack());
      assertNotNull(file, "slice without file");
      assertNotNull(pack, "slice of a pack that is not there");
      assertEquals(FileType.FILE, file.attr().type());
      assertEquals(FileType.PACK, pack.attr().type());
      assertEquals(pack.attr().policy(), file.attr().policy());
      assertNull(t.chunk(inode, 0), "a chunk where the slice is");
      assertTrue(slice.length() >= 1 && slice.length() <= file.attr().size());
      assertTrue(slice.offset() >= 0 && slice.offset() + slice.length() <= pack.attr().size());
      assertNotNull(t.bytes(Table.PACK_FILES.key(slice.pack(), inode)), "no way back to the file");
      ends.computeIfAbsent(slice.pack(), id -> new TreeMap<>())
          .put(slice.offset(), slice.offset() + slice.length());
    }
    int files = 0;
    for (Found<PackRow> f : t.all(PackRow.class, Table.PACKS.key())) {
      long pack = Keys.number(f.key(), 0);
      TreeMap<Long, Long> slices = ends.remove(pack);
      assertNotNull(slices, "a pack without files");
      files += slices.size();
      long live = 0;
      long last = 0;
      for (Map.Entry<Long, Long> s : slices.entrySet()) {
        assertTrue(s.getKey() >= last, "two files have the same bytes");
        last = s.getValue();
        live += s.getValue() - s.getKey();
      }
      assertEquals(new PackRow(slices.size(), live), f.row());
      assertEquals(1, t.keys(Table.CHUNKS.key(pack), 2).size());
      assertNotNull(t.chunk(pack, 0));
    }
    assertTrue(ends.isEmpty(), "packs without rows");
    assertEquals(files, t.keys(Table.PACK_FILES.key(), Integer.MAX_VALUE).size());
    long packs = inodes.values().stream().filter(r -> r.attr().type() == FileType.PACK).count();
    assertEquals(packs, t.keys(Table.PACKS.key(), Integer.MAX_VALUE).size());
  }

  /** Every (group, chunk, version) that a file or a writer names. */
  static Set<DeletionKey> live(ReadTxn txn) {
    Tables t = new Tables(txn);
    Set<DeletionKey> live = new HashSet<>();
    t.all(ChunkRow.class, Table.CHUNKS.key())
        .forEach(
            f -> live.add(new DeletionKey(f.row().group(), f.row().chunk(), f.row().version())));
    t.all(StagedRow.class, Table.STAGED.key())
        .forEach(
            f -> live.add(new DeletionKey(f.row().group(), f.row().chunk(), f.row().version())));
    return live;
  }
}
