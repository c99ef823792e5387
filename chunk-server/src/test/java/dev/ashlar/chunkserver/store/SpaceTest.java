package dev.ashlar.chunkserver.store;

import static dev.ashlar.chunkserver.store.Bytes.direct;
import static dev.ashlar.chunkserver.store.Bytes.get;
import static dev.ashlar.chunkserver.store.Bytes.put;
import static dev.ashlar.chunkserver.store.Bytes.random;
import static dev.ashlar.chunkserver.store.Bytes.read;
import static dev.ashlar.chunkserver.store.Bytes.write;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.message.MasterRequest.DiskState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Space comes back: by punching, by compaction, after crashes. Bytes on disk are those that the
 * file system counts.
 */
class SpaceTest {
  private static final int BLOCK = 512 << 10;

  @TempDir Path dir;
  private final FaultyIo.Faults faults = new FaultyIo.Faults();

  private DiskStore open() throws IOException {
    return DiskStore.open(
        dir.resolve("d"),
        DiskOptions.DEFAULTS.withSegment(2 << 20),
        path -> new FaultyIo(new RealDiskIo(path), faults));
  }

  /** What the log takes, without what is set aside behind the segment that is written. */
  private long onDisk() throws IOException {
    long sum = 0;
    try (Stream<Path> files = Files.list(dir.resolve("d/log"))) {
      List<Path> segments = files.sorted().toList();
      for (Path file : segments) {
        long size = Files.size(file);
        sum += LinuxFiles.allocated(file, size);
        if (file.equals(segments.getLast())) {
          sum -= roundUp(size, RealSegmentFile.RESERVE) - roundUp(size, 4096);
        }
      }
    }
    return sum;
  }

  private static long roundUp(long bytes, long unit) {
    return (bytes + unit - 1) / unit * unit;
  }

  private boolean onDiskBelow(long bytes) {
    try {
      return onDisk() < bytes;
    } catch (IOException e) {
      return false;
    }
  }

  private static BlockKey key(int i) {
    return new BlockKey(i, 1, 0);
  }

  @Test
  void deletionGivesSpaceBackByPunching() throws IOException {
    try (DiskStore store = open()) {
      for (int i = 0; i < 16; i++) {
        put(store, key(i), random(i, BLOCK));
      }
      assertTrue(onDisk() >= 16 * BLOCK);
      get(store.delete(List.of(key(0), key(1), key(2), key(15))));
      Until.holds(() -> onDiskBelow(12L * BLOCK + (200 << 10)));
      for (int i = 3; i < 15; i++) {
        assertArrayEquals(random(i, BLOCK), read(store, key(i)));
      }
    }
  }

  @Test
  void wherePunchingIsImpossibleCompactionDoesIt() throws IOException {
    faults.punching = false;
    List<BlockKey> gone = new ArrayList<>();
    try (DiskStore store = open()) {
      for (int i = 0; i < 40; i++) {
        put(store, key(i), random(i, BLOCK));
        if (i % 4 != 0) {
          gone.add(key(i));
        }
      }
      get(store.delete(gone));
      Until.holds(() -> onDiskBelow(16L * BLOCK));
    }
    for (boolean rebuild : new boolean[] {false, true}) {
      if (rebuild) {
        Files.delete(dir.resolve("d/index/boot"));
      }
      try (DiskStore store = open()) {
        assertEquals(10, store.report().blocks());
        for (int i = 0; i < 40; i += 4) {
          assertArrayEquals(random(i, BLOCK), read(store, key(i)));
        }
        assertEquals(List.of(), store.takeBad());
      }
    }
  }

  @Test
  void compactionKeepsWhatVersionsShare() throws IOException {
    faults.punching = false;
    byte[] one = random(1, BLOCK);
    byte[] two = Arrays.copyOf(one, BLOCK + 100_000);
    System.arraycopy(random(2, 200_000), 0, two, two.length - 200_000, 200_000);
    int keep = (two.length - 200_000) / (16 << 10) * (16 << 10);
    BlockKey a1 = new BlockKey(1000, 1, 0);
    BlockKey a2 = new BlockKey(1000, 2, 0);
    try (DiskStore store = open()) {
      put(store, a1, one);
      put(store, a2, 2, 1, keep, two, 64 << 10);
      List<BlockKey> gone = new ArrayList<>(List.of(a1));
      for (int i = 0; i < 12; i++) {
        put(store, key(i), random(i, BLOCK));
        gone.add(key(i));
      }
      get(store.delete(gone));
      Until.holds(() -> onDiskBelow(3L << 20));
      assertArrayEquals(two, read(store, a2));
      assertEquals(List.of(), store.verify(List.of(a2)));
    }
    Files.delete(dir.resolve("d/index/boot"));
    try (DiskStore store = open()) {
      assertArrayEquals(two, read(store, a2));
      assertEquals(1, store.report().blocks());
    }
  }

  @Test
  void whatWasNeverSealedIsGivenBackAfterARestart() throws IOException {
    byte[] part = random(5, 1 << 20);
    try (DiskStore store = open()) {
      for (int i = 0; i < 12; i++) {
        get(store.write(write(key(i), 1, 0, 0, 0, part), direct(part)));
      }
      put(store, key(50), random(50, BLOCK));
      for (int i = 60; i < 62; i++) {
        byte[] some = random(6, 300_000);
        get(store.write(write(key(i), 1, 0, 0, 0, some), direct(some)));
      }
      assertTrue(onDisk() > 12 << 20);
    }
    try (DiskStore store = open()) {
      Until.holds(() -> onDiskBelow(BLOCK + (100 << 10)));
      assertArrayEquals(random(50, BLOCK), read(store, key(50)));
      Until.holds(() -> store.report().usedBytes() < 4 << 20);
    }
  }

  /**
   * The file of the segment that is written may be longer than what is in it, until its writing
   * ends: perhaps while it is being swept.
   */
  @Test
  void theSegmentThatIsWrittenIsSweptUpToItsTail() throws IOException {
    byte[] part = random(5, 1 << 20);
    try (DiskStore store = open()) {
      put(store, key(1), random(1, 1000));
      get(store.write(write(key(2), 1, 0, 0, 0, part), direct(part)));
    }
    TurnWorld world = new TurnWorld();
    DiskHome home =
        DiskDirectory.open(dir.resolve("d"), path -> new FaultyIo(new RealDiskIo(path), faults));
    try (DiskStore store = DiskStore.open(home, DiskOptions.DEFAULTS.withSegment(4 << 20), world)) {
      faults.padding = 3_000;
      for (int i = 0; i < 5; i++) {
        world.turn();
      }
      assertEquals(DiskState.UP, store.report().state(), store.report().error());
      assertTrue(onDiskBelow(200_000));
      assertArrayEquals(random(1, 1000), read(store, key(1)));
    }
  }

  @Test
  void aSegmentThatCannotBeReadIsLeftAsItIs() throws IOException {
    faults.punching = false;
    try (DiskStore store = open()) {
      List<BlockKey> gone = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        put(store, key(i), random(i, BLOCK));
        gone.add(key(i));
      }
      faults.failRead = true;
      get(store.delete(gone));
      Until.holds(() -> faults.failedReads > 1); // the first segment was left, the next one tried
      faults.failRead = false;
      put(store, key(9), random(9, BLOCK));
      assertArrayEquals(random(9, BLOCK), read(store, key(9)));
      assertEquals(DiskState.UP, store.report().state());
    }
  }

  @Test
  void onlyWhatIsStagedIsUnstaged() throws IOException {
    byte[] part = random(5, 1 << 20);
    try (DiskStore store = open()) {
      put(store, key(1), random(1, BLOCK));
      get(store.unstage(key(1)));
      assertArrayEquals(random(1, BLOCK), read(store, key(1)));
      get(store.write(write(key(2), 1, 0, 0, 0, part), direct(part)));
      get(store.unstage(key(2)));
      get(store.unstage(key(3)));
      assertEquals(1, store.report().blocks());
      Until.holds(() -> onDiskBelow(BLOCK + 100_000));
    }
  }

  @Test
  void deletingAStagedBlockGivesItsSpaceBack() throws IOException {
    byte[] part = random(5, 1 << 20);
    try (DiskStore store = open()) {
      get(store.write(write(key(1), 1, 0, 0, 0, part), direct(part)));
      get(store.delete(List.of(key(1))));
      Until.holds(() -> onDiskBelow(100_000));
    }
  }
}
