package dev.ashlar.master.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.state.LogCommand.DeletionKey;
import dev.ashlar.master.state.Rows.ChunkRow;
import dev.ashlar.master.state.Rows.DeletionRow;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.master.state.Tables.Found;
import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.Policy;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What disks really hold, and what was handed out and deleted: the judge of the masks. */
final class DiskRecord {
  private final Policy policy;
  private final Set<DeletionKey> handedOut = new HashSet<>();
  private final Set<DeletionKey> deleted = new HashSet<>();
  private final Set<Copy> copies = new HashSet<>();

  /** A block that is truly on a disk. */
  record Copy(BlockKey block, long disk) {}

  DiskRecord(Policy policy) {
    this.policy = policy;
  }

  void handedOut(DeletionKey key) {
    handedOut.add(key);
  }

  void deleted(List<DeletionKey> keys) {
    deleted.addAll(keys);
  }

  void has(long chunk, long version, int index, long disk) {
    copies.add(new Copy(new BlockKey(chunk, version, index), disk));
  }

  /** Takes any one block from its disk, null if there is none. */
  @Nullable Copy loseAny(Random random) {
    List<Copy> all =
        copies.stream()
            .sorted(Comparator.comparing(Copy::block).thenComparingLong(Copy::disk))
            .toList();
    if (all.isEmpty()) {
      return null;
    }
    Copy one = all.get(random.nextInt(all.size()));
    copies.remove(one);
    return one;
  }

  private boolean holds(ChunkRow row, int index, long disk) {
    return copies.contains(new Copy(new BlockKey(row.chunk(), row.version(), index), disk));
  }

  /** What the masks promise must truly be there. */
  void checkBlocks(ReadTxn txn) {
    Tables t = new Tables(txn);
    for (Found<ChunkRow> f : t.all(ChunkRow.class, Table.CHUNKS.key())) {
      ChunkRow row = Chunks.current(f.row(), t.groupOf(f.row()));
      GroupRow g = t.groupOf(row);
      for (int i = 0; i < policy.width(); i++) {
        if (Chunks.has(Chunks.stored(row, policy) & ~row.missing(), i)) {
          assertTrue(holds(row, i, g.members()[i]), () -> "not on the member: " + row);
        }
        if (Chunks.has(row.onReplacement(), i)) {
          assertTrue(holds(row, i, g.replacements()[i]), () -> "not on the replacement: " + row);
        }
      }
    }
  }

  /** Deletions are exactly what was handed out, is not named any more, and was not deleted yet. */
  void checkDeletions(ReadTxn txn) {
    Set<DeletionKey> queued = new HashSet<>();
    new Tables(txn)
        .all(DeletionRow.class, Table.DELETIONS.key())
        .forEach(f ->
            queued.add(
                new DeletionKey(
                    Keys.number(f.key(), 0), Keys.number(f.key(), 1), Keys.number(f.key(), 2))));
    Set<DeletionKey> expected = new HashSet<>(handedOut);
    expected.removeAll(Invariants.live(txn));
    expected.removeAll(deleted);
    assertEquals(expected, queued);
  }
}
