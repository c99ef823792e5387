package dev.ashlar.chunkserver.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A crash, a kill or an I/O error at every change that a random run makes to its disk. */
@ExtendWith(QuietLog.class)
class CrashTest {
  private static final DiskOptions OPTIONS =
      DiskOptions.DEFAULTS.withSegment(128 << 10).withReserve(0).withPunch(4096);
  private static final int STEPS = 160;
  private static final int SEEDS = Integer.getInteger("ashlar.seeds", 2);

  /** One life of a store. */
  private static final class Life {
    final SimDisk disk;
    final OrderedStore index;
    final StoreState state;
    final StoreCore core;
    final Compactor compactor;

    Life(SimDisk disk, OrderedStore index) throws IOException {
      this.disk = disk;
      this.index = index;
      state = new StoreState(new BlockLog(disk, 99, OPTIONS.segmentBytes()), new BlockIndex(index));
      core = StoreCore.recover(state, disk, OPTIONS);
      compactor = new Compactor(state, core);
    }
  }

  private static Life run(Workload load, Life life, int steps) {
    try {
      for (int i = 0; i < steps; i++) {
        load.step(life.core, life.compactor);
      }
      load.sync(life.core);
    } catch (IOException e) {
      assertTrue(String.valueOf(e.getMessage()).startsWith("simulated"), () -> "Unexpected: " + e);
    }
    return life;
  }

  private static int changes(long seed) throws IOException {
    Life life =
        run(new Workload(seed), new Life(new SimDisk(new Random(seed)), new MemoryStore()), STEPS);
    StoreChecks.counters(life.state);
    return life.disk.changes;
  }

  @Test
  void aPowerCutAtEveryChangeKeepsWhatWasPromised() throws IOException {
    long first = Long.getLong("ashlar.seed", System.nanoTime() % 1_000_000);
    for (long seed = first; seed < first + SEEDS; seed++) {
      int changes = changes(seed);
      for (int stop = 1; stop <= changes; stop++) {
        crash(seed, stop, true);
      }
    }
  }

  @Test
  void aKillAtEveryChangeKeepsWhatWasPromised() throws IOException {
    long first = Long.getLong("ashlar.seed", System.nanoTime() % 1_000_000);
    for (long seed = first; seed < first + SEEDS; seed++) {
      int changes = changes(seed);
      for (int stop = 1; stop <= changes; stop++) {
        crash(seed, stop, false);
      }
    }
  }

  private static void crash(long seed, int stop, boolean power) throws IOException {
    Workload load = new Workload(seed);
    Random random = new Random(seed * 31 + stop);
    try {
      SimDisk disk = new SimDisk(random);
      disk.stopAt = stop;
      Life life = begin(disk, new MemoryStore());
      if (life == null) {
        return;
      }
      run(load, life, STEPS);
      life = restart(life.disk, life.index, power, random);
      StoreChecks.blocks(life.state, load);
      StoreChecks.counters(life.state);
      load.restarted(life.state);
      // A second life, which ends in the other way.
      life.disk.stopAt = life.disk.changes + 1 + random.nextInt(60);
      run(load, life, STEPS);
      life = restart(life.disk, life.index, !power, random);
      StoreChecks.blocks(life.state, load);
      StoreChecks.counters(life.state);
      load.restarted(life.state);
      run(load, life, 20);
      StoreChecks.blocks(life.state, load);
      rebuiltEquals(life);
    } catch (AssertionError | RuntimeException | IOException e) {
      throw new AssertionError(
          "seed "
              + seed
              + " stopped at change "
              + stop
              + (power ? " by a power cut" : " by a kill"),
          e);
    }
  }

  private static @Nullable Life begin(SimDisk disk, OrderedStore index) {
    try {
      return new Life(disk, index);
    } catch (IOException e) {
      return null;
    }
  }

  /** Starts again, sometimes after crashing in the middle of starting. */
  private static Life restart(SimDisk disk, OrderedStore index, boolean power, Random random)
      throws IOException {
    SimDisk next = power ? disk.afterPowerCut() : disk.afterKill();
    OrderedStore left = power ? new MemoryStore() : index;
    left.rollback();
    if (random.nextInt(3) == 0) {
      next.stopAt = 1 + random.nextInt(5);
      Life life = begin(next, left);
      if (life != null) {
        life.disk.stopAt = Integer.MAX_VALUE;
        return life;
      }
      return restart(next, left, power, random);
    }
    return new Life(next, left);
  }

  private static void rebuiltEquals(Life life) throws IOException {
    List<BlockRow> before = StoreChecks.rows(life.state);
    Life again = new Life(life.disk.afterKill(), new MemoryStore());
    List<BlockRow> after = StoreChecks.rows(again.state);
    assertEquals(
        before.stream().map(BlockRow::key).toList(), after.stream().map(BlockRow::key).toList());
    for (int i = 0; i < before.size(); i++) {
      assertTrue(before.get(i).sameContent(after.get(i)), "rebuilt " + after.get(i).key());
      assertEquals(before.get(i).extents(), after.get(i).extents());
    }
  }
}
