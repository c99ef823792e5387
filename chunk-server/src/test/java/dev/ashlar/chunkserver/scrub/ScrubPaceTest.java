package dev.ashlar.chunkserver.scrub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.BlockKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScrubPaceTest {
  private final ScrubPace pace = new ScrubPace(1_000);

  @Test
  void spreads_a_round_over_half_the_period() {
    assertEquals(100, pace.nextMs(100, 0, 50));
    assertEquals(350, pace.nextMs(100, 25, 50));
    assertEquals(600, pace.nextMs(100, 50, 50));
    assertEquals(600, pace.nextMs(100, 70, 50));
    assertEquals(100, pace.nextMs(100, 0, 0));
    assertEquals(1_100, pace.dueMs(100));
  }

  @Test
  void reads_every_block_within_the_period_wherever_it_comes_in_the_round() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int n = 0; n < 1_000; n++) {
      long total = 1L + random.nextInt(1_000);
      long before = random.nextLong(total + 1);
      long after = random.nextLong(total + 1);
      long gap = pace.nextMs(pace.aimMs(), after, total) - pace.nextMs(0, before, total);
      assertTrue(gap <= pace.periodMs(), "seed " + seed);
    }
  }

  @Test
  void keeps_its_progress_and_survives_garbage(@TempDir Path dir) throws IOException {
    ScrubState state = ScrubState.fresh(100).checked(new BlockKey(5, 2, 1), 77);
    state.save(dir);
    assertEquals(state, ScrubState.load(dir, 500));
    assertEquals(50, ScrubState.load(dir, 50).startMs());
    ScrubState ended = state.ended(600);
    ended.save(dir);
    assertEquals(ended, ScrubState.load(dir, 700));
    Files.writeString(dir.resolve(ScrubState.FILE), "start=never");
    assertEquals(ScrubState.fresh(800), ScrubState.load(dir, 800));
  }
}
