package dev.ashlar.chunkserver.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Long random runs with restarts, lost indexes, full disks and disks that cannot punch, compared
 * with a model all the time.
 */
@ExtendWith(QuietLog.class)
class StoreModelTest {
  private static final DiskOptions OPTIONS =
      DiskOptions.DEFAULTS.withSegment(96 << 10).withReserve(0).withPunch(4096);
  private static final int SEEDS = Integer.getInteger("ashlar.seeds", 2) * 5;
  private static final int STEPS = 1500;

  @Test
  void agreesWithTheModel() {
    long first = Long.getLong("ashlar.seed", System.nanoTime() % 1_000_000);
    for (long seed = first; seed < first + SEEDS; seed++) {
      try {
        run(seed);
      } catch (AssertionError | IOException | RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  private static void run(long seed) throws IOException {
    Random random = new Random(seed);
    SimDisk disk = new SimDisk(random);
    OrderedStore index = new MemoryStore();
    Workload load = new Workload(seed);
    boolean punching = seed % 2 == 0;
    boolean tight = seed % 3 == 0;
    int files = 0;
    int refused = 0;
    for (int done = 0; done < STEPS; ) {
      disk.punching = punching;
      disk.capacity = tight ? 700 << 10 : Long.MAX_VALUE;
      StoreState state = state(disk, index);
      StoreCore core;
      try {
        core = StoreCore.recover(state, disk, OPTIONS);
      } catch (AshlarException e) {
        // Without a reserve there may be no room to void a seal whose bytes were lost: the disk
        // stays closed until somebody makes room.
        assertEquals(ErrorCode.NO_SPACE, e.code());
        disk = disk.afterKill();
        index.rollback();
        state = state(disk, index);
        core = StoreCore.recover(state, disk, OPTIONS);
        refused++;
      }
      StoreChecks.blocks(state, load);
      StoreChecks.counters(state);
      load.restarted(state);
      Compactor compactor = new Compactor(state, core);
      for (int steps = random.nextInt(400); steps >= 0; steps--, done++) {
        load.step(core, compactor);
        if (random.nextInt(100) == 0) {
          load.sync(core);
          StoreChecks.blocks(state, load);
          StoreChecks.counters(state);
        }
      }
      files = Math.max(files, disk.list().size());
      boolean power = random.nextBoolean();
      disk = power ? disk.afterPowerCut() : disk.afterKill();
      index.rollback();
      if (power || random.nextInt(3) == 0) {
        index = new MemoryStore();
      }
    }
    assertTrue(files > 2, "too little was written");
    assertTrue(tight || refused == 0, "a disk with room did not start");
  }

  private static StoreState state(SimDisk disk, OrderedStore index) {
    return new StoreState(new BlockLog(disk, 99, OPTIONS.segmentBytes()), new BlockIndex(index));
  }
}
