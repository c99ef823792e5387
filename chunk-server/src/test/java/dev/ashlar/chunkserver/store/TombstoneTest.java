package dev.ashlar.chunkserver.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.BlockKey;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What was deleted stays deleted, whichever of its seals the log still holds. */
@ExtendWith(QuietLog.class)
class TombstoneTest {
  private static final DiskOptions OPTIONS =
      DiskOptions.DEFAULTS.withSegment(128 << 10).withReserve(0).withPunch(4096);
  private static final BlockKey SMALL = new BlockKey(1, 1, 0);
  private static final BlockKey BIG = new BlockKey(2, 1, 0);
  private static final BlockKey SECOND = new BlockKey(3, 1, 0);
  private static final BlockKey THIRD = new BlockKey(4, 1, 0);

  private SimDisk disk = new SimDisk(new Random(1));
  private StoreState state;
  private StoreCore core;
  private Compactor compactor;

  TombstoneTest() throws IOException {
    start(new MemoryStore());
  }

  private void start(OrderedStore index) throws IOException {
    state = new StoreState(new BlockLog(disk, 99, OPTIONS.segmentBytes()), new BlockIndex(index));
    core = StoreCore.recover(state, disk, OPTIONS);
    compactor = new Compactor(state, core);
  }

  /**
   * A segment was emptied, but the process died before its file went. So the seal of a block that
   * was moved out of it is still there when the block is deleted: the tombstone must void that one
   * too, and not only the one that it was moved to.
   */
  @Test
  void aSealLeftInAnEmptiedSegmentStaysVoid() throws IOException {
    put(SMALL, 100);
    put(BIG, 90_000);
    put(SECOND, 115_000);
    core.delete(List.of(BIG));
    core.sync();
    do {
      compactor.step();
      core.sync();
    } while (segmentOf(SMALL) == 1);
    assertEquals(2, segmentOf(SMALL));

    disk = disk.afterKill();
    start(new MemoryStore());
    assertEquals(2, segmentOf(SMALL));
    put(THIRD, 100_000);
    core.delete(List.of(SMALL, SECOND));
    core.sync();
    while (disk.list().contains(SegmentName.of(2))) {
      assertTrue(compactor.step());
      core.sync();
      core.reclaim();
    }
    assertTrue(disk.list().contains(SegmentName.of(1)));

    disk = disk.afterKill();
    start(new MemoryStore());
    assertEquals(List.of(THIRD), StoreChecks.rows(state).stream().map(BlockRow::key).toList());
  }

  private int segmentOf(BlockKey key) throws IOException {
    BlockRow row = state.index.row(state.index.committed(), key);
    return row == null ? -1 : row.sealTo();
  }

  private void put(BlockKey key, int length) throws IOException {
    byte[] whole = Bytes.random(key.chunk(), length);
    core.write(Bytes.write(key, 1, 0, 0, 0, whole), Bytes.direct(whole));
    core.seal(key, Bytes.GROUP, 1, 0, 0, length);
    core.sync();
  }
}
