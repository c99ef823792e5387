package dev.ashlar.chunkserver.scrub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.chunkserver.Damage;
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
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskScrubTest {
  private static final int BLOCKS = 10;
  private static final int BYTES = 20_000;
  private static final long PERIOD_MS = 1_000_000;

  @TempDir private Path dir;
  private DiskStore store;
  private long nowMs = 5_000_000;
  private final List<BadBlock> bad = new ArrayList<>();
  private boolean told = true;

  @BeforeEach
  void open() throws Exception {
    store = DiskStore.open(dir, DiskOptions.DEFAULTS);
    for (int i = 1; i <= BLOCKS; i++) {
      ByteBuffer bytes = ByteBuffer.allocateDirect(BYTES).put(content(i)).flip();
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
    return new DiskScrub(
        dir, store, Duration.ofMillis(PERIOD_MS), 1L << 40, () -> nowMs, b -> told && bad.add(b));
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

  private static BlockKey key(int i) {
    return new BlockKey(i, 1, 0);
  }

  private static byte[] content(int i) {
    byte[] bytes = new byte[BYTES];
    Arrays.fill(bytes, (byte) i);
    return bytes;
  }

  /** Flips a bit in the files of the disk. */
  private void damage(int i) throws IOException {
    Damage.flipBit(dir, content(i), 5);
  }

  private List<BlockKey> found() {
    return bad.stream().map(BadBlock::block).toList();
  }

  /** Runs the scrub while it has something to do now. Returns the number of steps. */
  private int runNow(DiskScrub scrub) throws IOException {
    return runUntil(scrub, nowMs);
  }

  @Test
  void damage_met_by_others_has_the_whole_disk_searched_at_once() throws IOException {
    DiskScrub scrub = scrub();
    runNow(scrub);
    damage(3);
    damage(8);
    assertEquals(0, runNow(scrub), "Nobody has met it");
    scrub.damaged(key(3));
    assertTrue(scrub.notice().startsWith("damage was found"), scrub.notice());
    assertEquals(BLOCKS + 1, runNow(scrub));
    assertEquals(List.of(key(3), key(8)), found());
    assertEquals("", scrub.notice());
    assertEquals(nowMs + KnownDamage.FIRST_MS, scrub.nextMs());
    scrub.damaged(key(3));
    scrub.damaged(key(8));
    assertEquals(0, runNow(scrub), "Both are known");
  }

  @Test
  void damage_met_by_the_round_is_a_reason_too() throws IOException {
    DiskScrub scrub = scrub();
    damage(1);
    damage(10);
    runNow(scrub); // the first block is due at once
    assertEquals(List.of(key(1), key(1), key(10)), found());
  }

  @Test
  void a_search_goes_on_after_a_restart() throws IOException {
    DiskScrub scrub = scrub();
    runNow(scrub);
    damage(7);
    scrub.damaged(key(4));
    for (int i = 0; i < 5; i++) {
      scrub.step();
    }
    scrub.save();
    DiskScrub again = scrub();
    assertEquals(BLOCKS + 1 - 5, runNow(again));
    assertEquals(List.of(key(7)), found());
    assertEquals("", again.notice());
  }

  @Test
  void a_search_that_was_killed_starts_over() throws IOException {
    DiskScrub scrub = scrub();
    runNow(scrub);
    damage(7);
    scrub.damaged(key(4));
    scrub.step();
    DiskScrub again = scrub();
    assertTrue(again.notice().startsWith("damage was found"), again.notice());
    assertEquals(BLOCKS + 1, runNow(again));
    assertEquals(List.of(key(7)), found());
  }

  @Test
  void only_damage_where_the_search_has_been_asks_for_another_one() throws IOException {
    DiskScrub scrub = scrub();
    runNow(scrub);
    scrub.damaged(key(2));
    for (int i = 0; i < 5; i++) {
      scrub.step();
    }
    scrub.damaged(key(9));
    scrub.damaged(key(4));
    assertEquals(BLOCKS + 1 - 5 + BLOCKS + 1, runNow(scrub));
    assertEquals(List.of(), found(), "In truth nothing was damaged");
  }

  @Test
  void what_cannot_be_told_is_offered_again() throws IOException {
    DiskScrub scrub = scrub();
    runNow(scrub);
    damage(3);
    damage(8);
    told = false;
    scrub.damaged(key(3));
    runNow(scrub);
    told = true;
    runUntil(scrub, nowMs + 10_000);
    assertEquals(List.of(key(3), key(8)), found());
  }

  @Test
  void damage_that_stays_is_told_again_ever_more_seldom() throws Exception {
    DiskScrub scrub = scrub();
    runNow(scrub);
    damage(3);
    scrub.damaged(key(3));
    runUntil(scrub, nowMs + KnownDamage.FIRST_MS);
    assertEquals(List.of(key(3), key(3)), found());
    runUntil(scrub, nowMs + 2 * KnownDamage.FIRST_MS - 1);
    assertEquals(2, bad.size());
    store.delete(List.of(key(3))).get(30, TimeUnit.SECONDS);
    runUntil(scrub, nowMs + 3 * KnownDamage.FIRST_MS);
    assertEquals(2, bad.size(), "It is gone");
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

  @Test
  void what_cannot_be_read_now_is_checked_later() throws IOException {
    DiskScrub scrub = scrub();
    long start = nowMs;
    Thread.currentThread().interrupt();
    try {
      nowMs = scrub.nextMs();
      scrub.step();
    } finally {
      assertTrue(Thread.interrupted());
    }
    assertTrue(scrub.nextMs() > nowMs);
    assertEquals(BLOCKS + 1, runUntil(scrub, start + PERIOD_MS / 2 - 1));
    assertTrue(bad.isEmpty());
  }
}
