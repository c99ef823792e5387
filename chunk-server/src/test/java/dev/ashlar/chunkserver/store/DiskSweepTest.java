package dev.ashlar.chunkserver.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import dev.ashlar.protocol.message.MasterRequest.GroupDigest;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every file of a real disk is damaged at every kind of place, in every way, while it is closed or
 * while it is open. The disk must open and give every block that was not hit, name those that were,
 * and never give other bytes; or say in a sentence why it does not.
 */
@ExtendWith(QuietLog.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DiskSweepTest {
  private static final DiskOptions OPTIONS =
      DiskOptions.DEFAULTS.withSegment(256 << 10).withReserve(0);
  private static final int PLACES = 4;

  private final long seed = Long.getLong("ashlar.seed", System.nanoTime());
  private final Random random = new Random(seed);
  private final Map<BlockKey, byte[]> blocks = new TreeMap<>();
  private List<GroupDigest> digests = List.of();
  private Path root = Path.of("");
  private Path good = Path.of("");
  private int refused;
  private int hurt;
  private int harmless;

  /**
   * @param wide more than one record may be gone
   */
  private record Harm(String what, boolean wide, Change change) {}

  @FunctionalInterface
  private interface Change {
    void to(Path file) throws IOException;
  }

  @BeforeAll
  void fill(@TempDir Path dir) throws IOException {
    System.out.println("DiskSweepTest: -Dashlar.seed=" + seed);
    root = dir;
    good = dir.resolve("good");
    try (DiskStore store = DiskStore.open(good, OPTIONS)) {
      store.adopt(5);
      for (int i = 0; i < 30; i++) {
        BlockKey key = new BlockKey(1 + i / 3, 1, i % 3);
        byte[] whole = Bytes.random(i, i % 4 == 0 ? 70_000 : 1 + random.nextInt(5_000));
        Bytes.put(store, key, whole);
        blocks.put(key, whole);
      }
      BlockKey gone = blocks.keySet().iterator().next();
      Bytes.get(store.delete(List.of(gone)));
      blocks.remove(gone);
      digests = store.digests();
    }
    assertTrue(files(good).size() >= 7, () -> "only " + root);
  }

  @AfterAll
  void said() {
    System.out.println(
        "DiskSweepTest: " + refused + " refused, " + hurt + " hurt, " + harmless + " harmless");
  }

  @Test
  void closedDisks() throws IOException {
    sweep(PLACES);
  }

  @Test
  @Tag("slow")
  void closedDisksAnywhere() throws IOException {
    for (int i = 0; i < Integer.getInteger("ashlar.rounds", 20); i++) {
      sweep(60);
    }
  }

  private void sweep(int places) throws IOException {
    for (Path file : files(good)) {
      for (Harm harm : harms(Files.size(file), places)) {
        Path copy = root.resolve("copy");
        deleteTree(copy);
        copy(good, copy);
        harm.change().to(copy.resolve(good.relativize(file).toString()));
        closed(copy, good.relativize(file), harm);
      }
    }
  }

  private List<Harm> harms(long size, int places) {
    List<Harm> harms = new ArrayList<>();
    harms.add(new Harm("removed", true, Files::delete));
    harms.add(
        new Harm(
            "is a folder",
            true,
            f -> {
              Files.delete(f);
              Files.createDirectory(f);
              Files.writeString(f.resolve("something"), "else");
            }));
    for (int i = 0; i < places && size > 0; i++) {
      long at =
          switch (i % 4) {
            case 0 -> random.nextLong(Math.min(size, 64));
            case 1 -> size - 1 - random.nextLong(Math.min(size, 100));
            default -> random.nextLong(size);
          };
      int bit = random.nextInt(8);
      long sector = at / 512 * 512;
      harms.add(new Harm("bit " + bit + " flipped at " + at, false, f -> flip(f, at, bit)));
      harms.add(new Harm("cut to " + at, true, f -> resize(f, at)));
      harms.add(
          new Harm("zeroed from " + at, true, f -> write(f, at, new byte[(int) (size - at)])));
      harms.add(
          new Harm(
              "sector zeroed at " + sector,
              true,
              f -> write(f, sector, new byte[(int) Math.min(512, size - sector)])));
    }
    return harms;
  }

  private void closed(Path disk, Path file, Harm harm) throws IOException {
    String what = file + " " + harm.what() + ", seed " + seed;
    boolean index = file.startsWith("index");
    Set<BlockKey> bad;
    try (DiskStore store = DiskStore.open(disk, OPTIONS)) {
      assertTrue(index || !file.startsWith("disk.identity") || same(disk, file), what);
      bad = judged(store, what);
      if (bad.isEmpty()) {
        assertEquals(digests, store.digests(), what);
      }
      BlockKey key = new BlockKey(77, 1, 0);
      Bytes.put(store, key, Bytes.random(77, 20_000));
      assertArrayEquals(Bytes.random(77, 20_000), Bytes.read(store, key), what);
    } catch (AshlarException e) {
      throw new AssertionError(what, e);
    } catch (IOException e) {
      refused++;
      assertTrue(
          e.getMessage() != null && e.getMessage().contains(disk.toString()),
          () -> what + ": " + e);
      assertTrue(!index, () -> what + ": the index can be made anew, but " + e);
      return;
    }
    assertTrue(!index || bad.isEmpty(), () -> what + ": an index is no loss, but " + bad);
    assertTrue(harm.wide() || bad.size() <= 1, () -> what + ": one bit cost " + bad);
    hurt += bad.isEmpty() ? 0 : 1;
    harmless += bad.isEmpty() ? 1 : 0;
    try (DiskStore again = DiskStore.open(disk, OPTIONS)) {
      assertArrayEquals(Bytes.random(77, 20_000), Bytes.read(again, new BlockKey(77, 1, 0)), what);
      Set<BlockKey> later = judged(again, what + ", opened again");
      assertTrue(bad.containsAll(later), () -> what + ": more is gone: " + later + " after " + bad);
    }
  }

  /** Answers which blocks cannot be had. All others must be right, and all that is bad be named. */
  private Set<BlockKey> judged(DiskStore store, String what) throws IOException {
    Set<BlockKey> listed =
        store.list(null, 1000).blocks().stream()
            .map(BlockEntry::block)
            .filter(k -> k.chunk() != 77)
            .collect(Collectors.toSet());
    assertTrue(blocks.keySet().containsAll(listed), () -> what + ": made up " + listed);
    Set<BlockKey> named =
        store.verify(List.copyOf(listed)).stream().map(BadBlock::block).collect(Collectors.toSet());
    Set<BlockKey> bad = new HashSet<>();
    for (Map.Entry<BlockKey, byte[]> block : blocks.entrySet()) {
      byte @Nullable [] read = read(store, block.getKey(), what);
      if (read == null) {
        bad.add(block.getKey());
      } else {
        assertArrayEquals(block.getValue(), read, () -> what + ": wrong bytes of " + block);
      }
    }
    named.addAll(blocks.keySet());
    named.removeAll(listed);
    Set<BlockKey> absent = new HashSet<>(blocks.keySet());
    absent.removeAll(listed);
    Set<BlockKey> seen = new HashSet<>(absent);
    store.verify(List.copyOf(listed)).forEach(b -> seen.add(b.block()));
    assertEquals(bad, seen, () -> what + ": what is bad and what is named differ");
    return bad;
  }

  private static byte @Nullable [] read(DiskStore store, BlockKey key, String what)
      throws IOException {
    try {
      return Bytes.read(store, key);
    } catch (AshlarException e) {
      assertTrue(
          Set.of(ErrorCode.CORRUPT, ErrorCode.NOT_FOUND, ErrorCode.VERSION_GONE).contains(e.code()),
          () -> what + ": " + e);
      return null;
    }
  }

  /** What is open notices damage when it reads it, and loses nothing else. */
  @Test
  void openDisks() throws IOException {
    for (Path file : files(good.resolve("log"))) {
      for (int i = 0; i < PLACES; i++) {
        Path copy = root.resolve("open");
        deleteTree(copy);
        copy(good, copy);
        long at = BlockLog.FILE_HEADER + random.nextLong(Files.size(file) - BlockLog.FILE_HEADER);
        String what = file + " flipped at " + at + " while open, seed " + seed;
        try (DiskStore store = DiskStore.open(copy, OPTIONS)) {
          flip(copy.resolve("log").resolve(file.getFileName().toString()), at, random.nextInt(8));
          Set<BlockKey> bad = judged(store, what);
          assertTrue(bad.size() <= 1, () -> what + ": " + bad);
        }
        try (DiskStore store = DiskStore.open(copy, OPTIONS)) {
          assertTrue(judged(store, what).size() <= 1, what);
        }
      }
    }
  }

  /** Whether the text is the same; that its last line lost its end is harmless. */
  private boolean same(Path disk, Path file) throws IOException {
    String before = Files.readString(good.resolve(file.toString())).stripTrailing();
    return before.equals(Files.readString(disk.resolve(file.toString())).stripTrailing());
  }

  private static List<Path> files(Path dir) throws IOException {
    try (Stream<Path> all = Files.walk(dir)) {
      return all.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static void flip(Path file, long at, int bit) throws IOException {
    try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "rw")) {
      f.seek(at);
      int old = f.read();
      f.seek(at);
      f.write(old ^ 1 << bit);
    }
  }

  private static void write(Path file, long at, byte[] bytes) throws IOException {
    try (FileChannel f = FileChannel.open(file, StandardOpenOption.WRITE)) {
      f.write(ByteBuffer.wrap(bytes), at);
    }
  }

  private static void resize(Path file, long size) throws IOException {
    try (FileChannel f = FileChannel.open(file, StandardOpenOption.WRITE)) {
      f.truncate(size);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path p : all.toList()) {
        Files.copy(p, to.resolve(from.relativize(p).toString()));
      }
    }
  }

  private static void deleteTree(Path dir) throws IOException {
    if (Files.exists(dir)) {
      try (Stream<Path> all = Files.walk(dir)) {
        for (Path p : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(p);
        }
      }
    }
  }
}
