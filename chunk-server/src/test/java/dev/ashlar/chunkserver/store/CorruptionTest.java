package dev.ashlar.chunkserver.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.Checksums;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Damage at many places of a small store that was closed cleanly: no wrong bytes, no silent cut,
 * everything else lives on.
 */
@ExtendWith(QuietLog.class)
class CorruptionTest {
  private static final DiskOptions OPTIONS =
      DiskOptions.DEFAULTS.withSegment(128 << 10).withReserve(0).withPunch(4096);
  private static final long DISK = 99;

  private final Map<BlockKey, byte[]> blocks = new HashMap<>();
  private SimDisk clean = new SimDisk(new Random(1));
  private MemoryStore index = new MemoryStore();

  private static StoreState open(SimDisk disk, OrderedStore index) throws IOException {
    StoreState state =
        new StoreState(new BlockLog(disk, DISK, OPTIONS.segmentBytes()), new BlockIndex(index));
    StoreCore.recover(state, disk, OPTIONS);
    return state;
  }

  @BeforeEach
  void fill() throws IOException {
    clean = new SimDisk(new Random(1));
    index = new MemoryStore();
    StoreState state =
        new StoreState(new BlockLog(clean, DISK, OPTIONS.segmentBytes()), new BlockIndex(index));
    StoreCore core = StoreCore.recover(state, clean, OPTIONS);
    for (int i = 0; i < 14; i++) {
      BlockKey key = new BlockKey(i, 1, 0);
      byte[] whole = Bytes.random(i, i % 3 == 0 ? 40_000 : 3_000);
      blocks.put(key, whole);
      for (int at = 0; at < whole.length; at += 16 << 10) {
        byte[] part = Arrays.copyOfRange(whole, at, Math.min(whole.length, at + (16 << 10)));
        core.write(Bytes.write(key, 1, 0, 0, at, part), Bytes.direct(part));
      }
      core.seal(key, Bytes.GROUP, 1, 0, 0, whole.length);
      core.sync();
    }
    core.mark();
    core.sync();
    assertTrue(clean.list().size() >= 2);
  }

  /**
   * Answers which blocks are readable as they were; fails if any block is there with other bytes
   * that pass for good.
   */
  private Set<BlockKey> intact(StoreState state, String what) throws IOException {
    BlockVerifier verifier = new BlockVerifier(state.log);
    Set<BlockKey> intact =
        StoreChecks.rows(state).stream().map(BlockRow::key).collect(Collectors.toSet());
    for (BlockRow row : StoreChecks.rows(state)) {
      byte[] expected = blocks.get(row.key());
      assertTrue(
          expected != null
              && Arrays.equals(Checksums.slices(ByteBuffer.wrap(expected)), row.crcs()),
          what);
      if (verifier.fault(row) != null) {
        intact.remove(row.key());
      }
    }
    return intact;
  }

  private void damaged(SimDisk disk, String name, byte[] content, String what) throws IOException {
    for (boolean keepIndex : new boolean[] {true, false}) {
      SimDisk copy = disk.afterKill();
      copy.set(name, content);
      StoreState state = open(copy, keepIndex ? index : new MemoryStore());
      Set<BlockKey> intact = intact(state, what);
      assertTrue(
          intact.size() >= blocks.size() - (keepIndex ? 1 : 2),
          () -> what + (keepIndex ? " with" : " without") + " index: only " + intact);
      if (keepIndex) {
        assertEquals(
            blocks.keySet(),
            StoreChecks.rows(state).stream().map(BlockRow::key).collect(Collectors.toSet()),
            what);
      }
      // Only the closing mark, which proves all before it but not itself, may be cut off.
      int least = content.length - (keepIndex ? 0 : LogRecord.align(LogRecord.SMALL_HEADER));
      assertTrue(copy.content(name).length >= least, () -> what + " was cut");
      index.rollback();
    }
  }

  @Test
  void aFlippedBitAnywhereHarmsOneBlockAtMost() throws IOException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (String name : clean.list()) {
      byte[] content = clean.content(name);
      for (int at = random.nextInt(97); at < content.length; at += 1 + random.nextInt(997)) {
        byte[] bad = content.clone();
        bad[at] ^= (byte) (1 << random.nextInt(8));
        fresh();
        damaged(clean, name, bad, "seed " + seed + ", flip in " + name + " at " + at);
      }
    }
  }

  /** Recovery may move the index on; each try starts from the same one. */
  private void fresh() throws IOException {
    index = new MemoryStore();
    open(clean.afterKill(), index);
  }

  @Test
  void headersFlippedByteByByteAreSeen() throws IOException {
    String name = clean.list().getFirst();
    byte[] content = clean.content(name);
    for (int at = 0; at < BlockLog.FILE_HEADER + 120; at++) {
      byte[] bad = content.clone();
      bad[at] ^= 0x40;
      fresh();
      damaged(clean, name, bad, "flip in " + name + " at " + at);
    }
  }

  @Test
  void aSegmentCutShortIsNotTakenForATornTail() throws IOException {
    for (String name : clean.list()) {
      byte[] content = clean.content(name);
      for (int size = 0; size < content.length; size += 1 + content.length / 60) {
        fresh();
        SimDisk disk = clean.afterKill();
        disk.set(name, Arrays.copyOf(content, size));
        StoreState state = open(disk, index);
        String what = name + " cut to " + size;
        Set<BlockKey> there =
            StoreChecks.rows(state).stream().map(BlockRow::key).collect(Collectors.toSet());
        assertEquals(blocks.keySet(), there, what);
        Set<BlockKey> bad =
            state.takeBad().stream().map(b -> b.block()).collect(Collectors.toSet());
        if (name.equals(clean.list().getLast())) {
          Set<BlockKey> harmed = new java.util.HashSet<>(there);
          harmed.removeAll(intact(state, what));
          assertEquals(harmed, bad, what);
        }
      }
    }
  }

  @Test
  void aMarkProvesWhatLiesBeforeIt() throws IOException {
    BlockKey last = new BlockKey(13, 1, 0);
    StoreState whole = open(clean.afterKill(), new MemoryStore());
    Extent bytes =
        StoreChecks.rows(whole).stream()
            .filter(r -> r.key().equals(last))
            .findFirst()
            .orElseThrow()
            .extents()
            .getFirst();
    String name = SegmentName.of(Address.segment(bytes.address()));
    byte[] content = clean.content(name);
    content[(int) Address.position(bytes.address()) + 1000] ^= 8;
    SimDisk disk = clean.afterKill();
    disk.set(name, content);
    StoreState state = open(disk, new MemoryStore());
    assertEquals(
        blocks.keySet(),
        StoreChecks.rows(state).stream().map(BlockRow::key).collect(Collectors.toSet()),
        "It was durable, so it is damaged, and not to be dropped");
    assertFalse(intact(state, "flip in the last block").contains(last));
  }

  @Test
  void aMissingSegmentIsReported() throws IOException {
    for (String name : clean.list()) {
      for (boolean keepIndex : new boolean[] {true, false}) {
        fresh();
        SimDisk disk = clean.afterKill();
        disk.remove(name);
        StoreState state = open(disk, keepIndex ? index : new MemoryStore());
        Set<BlockKey> intact = intact(state, name);
        Set<BlockKey> bad =
            state.takeBad().stream().map(b -> b.block()).collect(Collectors.toSet());
        if (keepIndex) {
          assertFalse(bad.isEmpty());
          bad.addAll(intact);
          assertEquals(blocks.keySet(), bad);
        }
      }
    }
  }

  @Test
  void writingGoesOnBehindDamageAndSurvives() throws IOException {
    String name = clean.list().getLast();
    byte[] content = clean.content(name);
    SimDisk disk = clean.afterKill();
    disk.set(name, Arrays.copyOf(content, content.length - 200));
    StoreState state =
        new StoreState(new BlockLog(disk, DISK, OPTIONS.segmentBytes()), new BlockIndex(index));
    StoreCore core = StoreCore.recover(state, disk, OPTIONS);
    byte[] more = Bytes.random(77, 5000);
    BlockKey key = new BlockKey(77, 1, 0);
    core.write(Bytes.write(key, 1, 0, 0, 0, more), Bytes.direct(more));
    core.seal(key, Bytes.GROUP, 1, 0, 0, more.length);
    core.sync();
    blocks.put(key, more);
    for (OrderedStore some : List.of(index, new MemoryStore())) {
      assertTrue(intact(open(disk.afterKill(), some), "reopened").contains(key));
    }
  }

  @Test
  void bytesThatLookLikeRecordsAreData() throws IOException {
    StoreState state =
        new StoreState(new BlockLog(clean, DISK, OPTIONS.segmentBytes()), new BlockIndex(index));
    StoreCore core = StoreCore.recover(state, clean, OPTIONS);
    byte[] copy = Arrays.copyOf(clean.content(clean.list().getFirst()), 100_000);
    BlockKey key = new BlockKey(78, 1, 0);
    core.write(Bytes.write(key, 1, 0, 0, 0, copy), Bytes.direct(copy));
    core.seal(key, Bytes.GROUP, 1, 0, 0, copy.length);
    core.delete(List.copyOf(blocks.keySet()));
    core.sync();
    blocks.clear();
    blocks.put(key, copy);
    SimDisk disk = clean.afterKill();
    String last = disk.list().getLast();
    byte[] content = disk.content(last);
    BlockRow row = StoreChecks.rows(state).getFirst();
    // Break the header, so that recovery searches through the payload.
    content[(int) Address.position(row.extents().getFirst().address()) - 30] ^= 1;
    disk.set(last, content);
    StoreState again = open(disk, new MemoryStore());
    assertEquals(blocks.keySet(), intact(again, "copy of a segment as data"));
    assertEquals(1, StoreChecks.rows(again).size());
  }
}
