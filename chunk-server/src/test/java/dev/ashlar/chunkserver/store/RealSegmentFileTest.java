package dev.ashlar.chunkserver.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Appending to a real file, past the page cache where this file system can. */
class RealSegmentFileTest {
  private static final String NAME = SegmentName.of(1);

  @TempDir Path dir;
  private RealDiskIo io;

  @BeforeEach
  void open() throws IOException {
    io = new RealDiskIo(dir);
  }

  private static ByteBuffer direct(byte[] bytes) {
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }

  private static byte[] read(SegmentFile file, int length) throws IOException {
    ByteBuffer into = ByteBuffer.allocate(length);
    assertEquals(length, file.read(into, 0));
    return into.array();
  }

  private static byte[] random(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  /** Pieces of all sizes, syncs, cuts and reopenings in any order: the file is their sum. */
  @Test
  void whatWasSyncedIsWhatWasAppended() throws IOException {
    long seed = Long.getLong("ashlar.seed", System.nanoTime());
    System.out.println("RealSegmentFileTest: seed " + seed + " (-Dashlar.seed=" + seed + ")");
    Random random = new Random(seed);
    byte[] model = new byte[32 << 20];
    int length = 0;
    Files.deleteIfExists(dir.resolve(NAME));
    SegmentFile file = io.create(NAME);
    for (int step = 0; step < 400 && length < 2 << 20; step++) {
      switch (random.nextInt(10)) {
        case 0, 1, 2 -> {
          file.sync();
          assertTrue(file.size() >= length);
          assertArrayEquals(Arrays.copyOf(model, length), read(file, length));
        }
        case 3 -> {
          file.sync();
          file.endWriting();
          assertEquals(length, file.size(), "Nothing of the padding stays");
          if (random.nextBoolean()) {
            file.close();
            file = io.open(NAME);
          }
        }
        case 4 -> {
          length -= random.nextInt(Math.min(length, 10_000) + 1);
          file.truncate(length);
        }
        default -> {
          byte[] a = random(random, 1 + random.nextInt(random.nextBoolean() ? 100 : 70_000));
          byte[] b = random(random, random.nextInt(5_000));
          System.arraycopy(a, 0, model, length, a.length);
          System.arraycopy(b, 0, model, length + a.length, b.length);
          file.write(length, direct(a), direct(b));
          length += a.length + b.length;
        }
      }
    }
    file.sync();
    file.close();
    assertEquals(length, Files.size(dir.resolve(NAME)));
    assertArrayEquals(Arrays.copyOf(model, length), Files.readAllBytes(dir.resolve(NAME)));
  }

  @Test
  void aProcessThatDiesLeavesAtMostAPageOfZerosBehindWhatItSynced() throws IOException {
    byte[] bytes = random(new Random(1), 5_000);
    SegmentFile file = io.create(NAME);
    file.write(0, direct(bytes));
    file.sync();
    byte[] now = Files.readAllBytes(dir.resolve(NAME));
    assertArrayEquals(bytes, Arrays.copyOf(now, bytes.length));
    assertTrue(now.length - bytes.length < 4096);
    assertArrayEquals(
        new byte[now.length - bytes.length], Arrays.copyOfRange(now, bytes.length, now.length));
    file.close();
  }

  @Test
  void spaceSetAsideIsGivenBack() throws IOException {
    SegmentFile file = io.create(NAME);
    file.write(0, direct(new byte[8192]));
    file.sync();
    file.endWriting();
    assertTrue(file.allocated() < 1 << 20, "It takes " + file.allocated());
    file.close();
  }

  /** A restarted server goes on in the segment where ranges were given back before. */
  @Test
  void whatWasGivenBackStaysSoWhenTheFileIsContinued() throws IOException {
    SegmentFile file = io.create(NAME);
    file.write(0, direct(new byte[2 << 20]));
    file.sync();
    file.punch(0, 1 << 20);
    file.close();
    SegmentFile again = io.open(NAME);
    again.write(2 << 20, direct(new byte[100]));
    again.sync();
    assertTrue(again.allocated() < 3 << 19, "It takes " + again.allocated());
    again.close();
  }

  /** A cut that took nothing but the padding of the last record harmed nothing. */
  @Test
  void aFileThatLostItsPaddingIsContinued() throws IOException {
    byte[] bytes = random(new Random(3), 104);
    SegmentFile file = io.create(NAME);
    file.write(0, direct(Arrays.copyOf(bytes, 99)));
    file.sync();
    file.close();
    SegmentFile again = io.open(NAME);
    again.write(104, direct(bytes));
    again.sync();
    again.close();
    byte[] all = Files.readAllBytes(dir.resolve(NAME));
    assertArrayEquals(Arrays.copyOf(Arrays.copyOf(bytes, 99), 104), Arrays.copyOf(all, 104));
    assertArrayEquals(bytes, Arrays.copyOfRange(all, 104, 208));
  }

  /** A killed process takes with it what only its memory holds. */
  @Test
  void whatIsHandedOnIsInTheFileWithoutASync() throws IOException {
    byte[] bytes = random(new Random(2), 100);
    SegmentFile file = io.create(NAME);
    file.write(0, direct(bytes));
    file.handOn();
    assertArrayEquals(bytes, Arrays.copyOf(Files.readAllBytes(dir.resolve(NAME)), bytes.length));
    file.close();
  }

  /** Files of this directory that the process has open, a name each time it is. */
  private List<String> opened() throws IOException {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path each : all) {
        try {
          Path file = Files.readSymbolicLink(each);
          if (file.startsWith(dir.toRealPath()) && file.toString().endsWith(".seg")) {
            names.add(file.getFileName().toString());
          }
        } catch (NoSuchFileException e) {
          // Closed meanwhile.
        }
      }
    }
    return names;
  }

  /** A scrub reads all of a disk, which has more segments than a process may open files. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void readingManyFilesKeepsFewOpen() throws IOException {
    byte[] bytes = random(new Random(4), 100);
    List<SegmentFile> files = new ArrayList<>();
    for (int i = 1; i <= RealDiskIo.OPEN_READERS * 2; i++) {
      Files.write(dir.resolve(SegmentName.of(i)), bytes);
      files.add(io.open(SegmentName.of(i)));
    }
    FileChannel sending = files.getFirst().channel();
    for (int round = 0; round < 2; round++) {
      for (SegmentFile file : files) {
        assertArrayEquals(bytes, read(file, bytes.length));
      }
      assertEquals(RealDiskIo.OPEN_READERS + 1, opened().size());
    }
    assertTrue(sending.isOpen(), "A reply that is being sent needs its file");
    files.getFirst().release();
    assertEquals(RealDiskIo.OPEN_READERS, opened().size());
    assertTrue(sending.isOpen(), "It was used last");
    for (SegmentFile file : files) {
      file.close();
    }
    assertEquals(List.of(), opened());
  }
}
