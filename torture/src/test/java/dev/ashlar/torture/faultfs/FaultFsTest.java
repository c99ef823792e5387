package dev.ashlar.torture.faultfs;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ashlar.torture.faultfs.Fault.Action;
import dev.ashlar.torture.faultfs.Fault.Effect;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The file system does what others do, and each fault what it says. */
@Timeout(60)
class FaultFsTest {
  private static final Optional<String> WHY_NOT = FaultFs.whyNot();

  @TempDir Path dir;
  private FaultFs fs;
  private Path root;
  private Random random;

  @BeforeEach
  void mount() throws IOException {
    assumeTrue(WHY_NOT.isEmpty(), () -> "skipped: " + WHY_NOT.orElse(""));
    long seed = Long.getLong("ashlar.seed", System.nanoTime());
    System.out.println("FaultFsTest: seed " + seed);
    random = new Random(seed);
    fs = FaultFs.mount(Files.createDirectory(dir.resolve("lower")), dir.resolve("mount"));
    root = fs.mountPoint();
  }

  @AfterEach
  void unmount() throws IOException {
    if (fs != null) {
      fs.close();
    }
  }

  private static void write(Path file, byte[] bytes, boolean sync) throws IOException {
    try (FileChannel c = FileChannel.open(file, CREATE, WRITE)) {
      c.write(ByteBuffer.wrap(bytes), 0);
      if (sync) {
        c.force(false);
      }
    }
  }

  private void cutPower(PowerCut how) throws IOException {
    fs.powerCut(how, random);
    fs.powerOn();
  }

  @Test
  void ordinaryWorkIsAsAnywhere() throws IOException {
    Path plain = Files.createDirectory(dir.resolve("plain"));
    long seed = random.nextLong();
    RandomFileWork here = new RandomFileWork(root, seed);
    RandomFileWork there = new RandomFileWork(plain, seed);
    for (int i = 0; i < 1500; i++) {
      here.step();
      there.step();
      if (i % 100 == 99) {
        assertEquals(Trees.of(plain), Trees.of(root), "after step " + i + " of seed " + seed);
      }
    }
    assertEquals(Trees.of(plain), Trees.of(fs.lower()));
  }

  @Test
  void aPowerCutLosesWhatWasNotSynced() throws IOException {
    byte[] old = Trees.bytes(random, 30_000);
    for (String name : new String[] {"overwritten", "cut", "removed", "renamed", "replaced"}) {
      write(root.resolve(name), old, true);
    }
    var before = Trees.of(fs.lower());
    write(root.resolve("overwritten"), Trees.bytes(random, 40_000), false);
    try (FileChannel c = FileChannel.open(root.resolve("cut"), WRITE)) {
      c.truncate(5000);
    }
    Files.delete(root.resolve("removed"));
    write(root.resolve("new"), old, false);
    Files.move(root.resolve("renamed"), root.resolve("else"));
    Files.move(root.resolve("new"), root.resolve("replaced"), StandardCopyOption.REPLACE_EXISTING);
    Files.createDirectory(root.resolve("directory"));
    write(root.resolve("directory/inside"), old, false);
    cutPower(PowerCut.LOSE_ALL);
    assertEquals(before, Trees.of(root));
  }

  @Test
  void whatWasSyncedStays() throws IOException {
    Files.createDirectory(root.resolve("d"));
    write(root.resolve("d/a"), Trees.bytes(random, 100_000), true);
    Files.move(root.resolve("d"), root.resolve("e"));
    try (FileChannel c = FileChannel.open(root, READ)) {
      c.force(true);
    }
    try (FileChannel c =
        FileChannel.open(
            root.resolve("e/b"), CREATE, WRITE, java.nio.file.StandardOpenOption.DSYNC)) {
      c.write(ByteBuffer.wrap(Trees.bytes(random, 5000)));
    }
    var before = Trees.of(fs.lower());
    cutPower(PowerCut.LOSE_SOME);
    assertEquals(before, Trees.of(root));
  }

  @Test
  void whatIsLeftIsOldOrNewSectorBySector() throws IOException {
    boolean mixed = false;
    boolean torn = false;
    for (int round = 0; round < 20; round++) {
      byte[] old = Trees.bytes(random, 64 << 10);
      byte[] fresh = Trees.bytes(random, 64 << 10);
      Path file = root.resolve("f" + round);
      write(file, old, true);
      write(file, fresh, false);
      cutPower(PowerCut.LOSE_SOME);
      byte[] left = Files.readAllBytes(file);
      assertEquals(old.length, left.length);
      BitSet isNew = new BitSet();
      for (int s = 0; s < left.length; s += 512) {
        byte[] sector = Arrays.copyOfRange(left, s, s + 512);
        isNew.set(s / 512, Arrays.equals(sector, Arrays.copyOfRange(fresh, s, s + 512)));
        assertTrue(
            isNew.get(s / 512) || Arrays.equals(sector, Arrays.copyOfRange(old, s, s + 512)));
      }
      int count = isNew.cardinality();
      mixed |= count > 0 && count < left.length / 512;
      for (int page = 0; page < left.length / 4096; page++) {
        int inPage = isNew.get(page * 8, page * 8 + 8).cardinality();
        torn |= inPage > 0 && inPage < 8;
      }
    }
    assertTrue(mixed && torn);
  }

  @Test
  void errorsAreReturned() throws IOException {
    Path file = root.resolve("f");
    byte[] bytes = Trees.bytes(random, 10_000);
    write(file, bytes, true);
    fs.inject(Fault.errors(Action.READ)); // a single one would only hit what is read ahead
    assertThrows(IOException.class, () -> Files.readAllBytes(file));
    fs.heal();
    assertArrayEquals(bytes, Files.readAllBytes(file));
    fs.inject(Fault.errors(Action.WRITE).at(p -> p.equals("f")));
    assertThrows(IOException.class, () -> write(file, bytes, false));
    write(root.resolve("g"), bytes, false);
    fs.heal();
    write(file, bytes, false);
    fs.inject(new Fault(Set.of(Action.NAME), _ -> true, Effect.NO_SPACE, Fault.FOR_EVER));
    assertThrows(FileSystemException.class, () -> Files.createFile(root.resolve("h")));
    assertTrue(fs.activity().faults() >= 3);
  }

  @Test
  void aFailedSyncDropsThePagesAndTheNextOneDoesNotSaySo() throws IOException {
    Path file = root.resolve("f");
    byte[] old = Trees.bytes(random, 20_000);
    byte[] fresh = Trees.bytes(random, 20_000);
    write(file, old, true);
    try (FileChannel c = FileChannel.open(file, WRITE)) {
      c.write(ByteBuffer.wrap(fresh), 0);
      fs.inject(Fault.errors(Action.SYNC).times(1));
      assertThrows(IOException.class, () -> c.force(false));
      c.force(false);
    }
    fs.dropCaches();
    assertArrayEquals(old, Files.readAllBytes(file));
    assertEquals(1, fs.activity().failedSyncs());
    fs.activity().forgetFailedSyncs();
    assertEquals(0, fs.activity().failedSyncs());
  }

  @Test
  void aFullDiskTakesOnlyWhatWasSetAside() throws IOException {
    Path file = root.resolve("f");
    write(file, new byte[8192], false);
    int fd = Libc.open(file, Libc.O_RDWR, 0);
    Libc.fallocate(fd, Libc.FALLOC_KEEP_SIZE, 0, 65536);
    Libc.close(fd);
    fs.full(true);
    assertEquals(0, Files.getFileStore(root).getUsableSpace());
    write(file, new byte[65536], true);
    IOException e = assertThrows(IOException.class, () -> write(file, new byte[65537], true));
    assertTrue(String.valueOf(e).contains("No space left"), e.toString());
    Files.delete(file);
    fs.heal();
    write(file, new byte[65537], true);
  }

  @Test
  void bitsFlip() throws IOException {
    Path file = root.resolve("f");
    byte[] bytes = Trees.bytes(random, 9000);
    write(file, bytes, true);
    fs.inject(new Fault(Set.of(Action.READ), _ -> true, Effect.FLIP, 1));
    assertEquals(1, differentBits(bytes, Files.readAllBytes(file)));
    fs.heal();
    fs.dropCaches();
    assertArrayEquals(bytes, Files.readAllBytes(file));
    fs.flip(Path.of("f"), 5000, 3);
    bytes[5000] ^= 8;
    assertArrayEquals(bytes, Files.readAllBytes(file));
  }

  private static int differentBits(byte[] a, byte[] b) {
    int bits = 0;
    for (int i = 0; i < a.length; i++) {
      bits += Integer.bitCount((a[i] ^ b[i]) & 0xff);
    }
    return bits;
  }

  @Test
  void slowIsStillRight() throws IOException {
    byte[] bytes = Trees.bytes(random, 9000);
    fs.inject(new Fault(Set.of(Action.values()), _ -> true, Effect.SLOW, 3));
    write(root.resolve("f"), bytes, true);
    assertArrayEquals(bytes, Files.readAllBytes(root.resolve("f")));
    assertEquals(3, fs.activity().faults());
  }

  @Test
  void recordsWhatHappens() throws IOException {
    RandomFileWork work = new RandomFileWork(root, random.nextLong());
    for (int i = 0; i < 50; i++) {
      work.step();
    }
    fs.startRecording();
    var start = Trees.of(root);
    for (int i = 0; i < 300; i++) {
      work.step();
    }
    var end = Trees.of(root);
    Recording recording = fs.stopRecording();
    recording.materialise(recording.present(), dir.resolve("start"));
    assertEquals(start, Trees.of(dir.resolve("start")));
    recording.materialise(recording.ops().size(), dir.resolve("end"));
    assertEquals(end, Trees.of(dir.resolve("end")));
  }

  @Test
  void theRecordSaysWhatAPowerCutMayLose() throws IOException {
    fs.startRecording();
    RandomFileWork work = new RandomFileWork(root, random.nextLong());
    for (int i = 0; i < 200; i++) {
      work.step();
    }
    fs.powerCut(PowerCut.LOSE_ALL, random);
    Recording recording = fs.stopRecording();
    int count = recording.ops().size();
    BitSet lost = recording.unsynced(count);
    recording.materialise(count, i -> !lost.get(i), dir.resolve("left"));
    assertEquals(Trees.of(dir.resolve("left")), Trees.of(fs.lower()));
    fs.powerOn();
  }

  @Test
  void directWritesAndCachedReadsAgree() throws Exception {
    OpenOption direct =
        Arrays.stream(Class.forName("com.sun.nio.file.ExtendedOpenOption").getEnumConstants())
            .map(OpenOption.class::cast)
            .filter(o -> o.toString().equals("DIRECT"))
            .findFirst()
            .orElseThrow();
    Path file = Files.createFile(root.resolve("f"));
    byte[] bytes = Trees.bytes(random, 512 << 10);
    ByteBuffer pages = ByteBuffer.allocateDirect(bytes.length + 4096).alignedSlice(4096);
    pages.put(bytes).flip();
    assertEquals(4096, Files.getFileStore(file).getBlockSize());
    try (FileChannel c = FileChannel.open(file, READ, WRITE, direct);
        FileChannel cached = FileChannel.open(file, READ)) {
      for (int round = 0; round < 4; round++) {
        pages.put(17, (byte) round);
        bytes[17] = (byte) round;
        c.write(pages.clear().limit(bytes.length), 0);
        ByteBuffer read = ByteBuffer.allocate(bytes.length);
        while (read.hasRemaining() && cached.read(read, read.position()) > 0) {}
        assertArrayEquals(bytes, read.array());
      }
      c.force(false);
    }
    cutPower(PowerCut.LOSE_ALL);
    assertArrayEquals(bytes, Files.readAllBytes(file));
  }

  @Test
  void anotherProcessMapsAndLocks() throws Exception {
    write(root.resolve("f"), new byte[10_000], true);
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                MappingProcess.class.getName(),
                root.resolve("f").toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      assertEquals('1', child.getInputStream().read());
      try (FileChannel c = FileChannel.open(root.resolve("f"), READ, WRITE)) {
        FileLock lock = c.tryLock();
        assertFalse(lock != null, "the child holds it");
        ByteBuffer b = ByteBuffer.allocate(1);
        c.read(b, 7777);
        assertEquals(42, b.get(0));
      }
      child.getOutputStream().close();
      assertTrue(child.waitFor(20, TimeUnit.SECONDS));
      assertEquals(0, child.exitValue());
      try (FileChannel c = FileChannel.open(root.resolve("f"), READ, WRITE)) {
        assertNotNull(c.tryLock());
      }
    } finally {
      child.destroyForcibly();
    }
  }
}
