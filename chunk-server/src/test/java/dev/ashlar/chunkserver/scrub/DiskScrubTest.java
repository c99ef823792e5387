package dev.ashlar.chunkserver.scrub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.chunkserver.store.BlockWrite;
import dev.ashlar.chunkserver.store.DiskOptions;
import dev.ashlar.chunkserver.store.DiskStore;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.Checksums;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskScrubTest {
  private static final int BLOCKS = 10;
  private static final long PERIOD_MS = 1_000_000;

  @TempDir private Path dir;
  private DiskStore store;
  private long nowMs = 5_000_000;
  private final List<BadBlock> bad = new ArrayList<>();

  @BeforeEach
  void open() throws Exception {
    store = DiskStore.open(dir, DiskOptions.DEFAULTS);
    for (int i = 1; i <= BLOCKS; i++) {
      ByteBuffer bytes = ByteBuffer.allocateDirect(20_000).putInt(0, i);
      store
          .writeAndSeal(
              new BlockWrite(new BlockKey(i, 1, 0), 1, 1, 0, 0, 0, Checksums.slices(bytes)), bytes)
          .get(30, TimeUnit.SECONDS);
    }
  }

  @AfterEach
  void close() {
    store.close();
  }

  private DiskScrub scrub() {
    return new DiskScrub(dir, store, Duration.ofMillis(PERIOD_MS), 1L << 40, () -> nowMs, bad::add);
  }

  /** Runs the scrub at the times it asks for. Returns the number of steps until that time. */
  private int runUntil(DiskScrub scrub, long endMs) throws IOException {
    int steps = 0;
    while (scrub.nextMs() <= endMs) {
      nowMs = Math.max(nowMs, scrub.nextMs());
      scrub.step();
      steps++;
    }
    nowMs = endMs;
    return steps;
  }

  @Test
  void a_round_takes_half_the_period_and_the_next_one_follows() throws IOException {
    DiskScrub scrub = scrub();
    long start = nowMs;
    assertEquals(BLOCKS + 1, runUntil(scrub, start + PERIOD_MS / 2 - 1));
    assertEquals(start + PERIOD_MS / 2, scrub.nextMs());
    assertEquals(BLOCKS + 1, runUntil(scrub, start + PERIOD_MS - 1));
    assertTrue(scrub.overdue().isEmpty());
    assertTrue(bad.isEmpty());
  }

  @Test
  void a_restart_goes_on_where_it_was_and_keeps_the_due_date() throws IOException {
    DiskScrub scrub = scrub();
    long start = nowMs;
    int before = runUntil(scrub, start + PERIOD_MS / 8);
    scrub.save();
    DiskScrub again = scrub();
    assertEquals(BLOCKS + 1 - before, runUntil(again, start + PERIOD_MS / 2 - 1));
    assertEquals(start + PERIOD_MS / 2, again.nextMs());
  }

  @Test
  void a_scrub_that_could_not_run_is_overdue_until_it_caught_up() throws IOException {
    DiskScrub scrub = scrub();
    scrub.step();
    nowMs += PERIOD_MS + 1;
    assertTrue(scrub.overdue().startsWith("scrub overdue since "), scrub.overdue());
    scrub.save();
    DiskScrub again = scrub();
    assertFalse(again.overdue().isEmpty());
    for (int i = 0; i < BLOCKS; i++) {
      assertTrue(again.nextMs() <= nowMs);
      again.step();
    }
    assertTrue(again.overdue().isEmpty());
  }
}
