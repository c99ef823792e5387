package dev.ashlar.chunkserver.store;

import static dev.ashlar.chunkserver.store.Bytes.GROUP;
import static dev.ashlar.chunkserver.store.Bytes.direct;
import static dev.ashlar.chunkserver.store.Bytes.get;
import static dev.ashlar.chunkserver.store.Bytes.put;
import static dev.ashlar.chunkserver.store.Bytes.random;
import static dev.ashlar.chunkserver.store.Bytes.read;
import static dev.ashlar.chunkserver.store.Bytes.write;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.Checksums;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ChunkReply.Sealed;
import dev.ashlar.protocol.message.MasterRequest.DiskState;
import dev.ashlar.protocol.message.MasterRequest.GroupDigest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** What the store promises, on the real file system. */
class DiskStoreTest {
  private static final int SLICE = 16 << 10;
  private static final BlockKey A1 = new BlockKey(10, 1, 2);
  private static final BlockKey A2 = new BlockKey(10, 2, 2);
  private static final BlockKey B1 = new BlockKey(11, 1, 0);

  @TempDir Path dir;
  private DiskStore store;

  @BeforeEach
  void open() throws IOException {
    store = DiskStore.open(dir.resolve("d"), DiskOptions.DEFAULTS.withSegment(4 << 20));
  }

  @AfterEach
  void close() {
    store.close();
  }

  private void reopen() throws IOException {
    store.close();
    open();
  }

  private static void refused(ErrorCode code, Executable what) {
    AshlarException e = assertThrows(AshlarException.class, what);
    assertEquals(code, e.code(), e.getMessage());
  }

  private static void refused(String why, Executable what) {
    IOException e = assertThrows(IOException.class, what);
    assertTrue(String.valueOf(e.getMessage()).contains(why), e.getMessage());
  }

  @Test
  void returnsWhatWasWrittenBeforeAndAfterReopening() throws IOException {
    byte[] a = random(1, (3 << 20) + 777);
    byte[] b = random(2, 100);
    put(store, A1, a);
    put(store, B1, b);
    for (int i = 0; i < 2; i++) {
      assertArrayEquals(a, read(store, A1));
      assertArrayEquals(b, read(store, B1));
      assertArrayEquals(Arrays.copyOfRange(a, SLICE, 3 * SLICE), read(store, A1, SLICE + 5, SLICE));
      assertEquals(
          Checksums.root(store.stat(A1).crcs(), store.stat(A1).crcs().length, a.length),
          store.stat(A1).root());
      assertEquals(List.of(), store.verify(List.of(A1, B1)));
      reopen();
    }
  }

  @Test
  void anUnsealedBlockIsInvisibleAndGoneAfterReopening() throws IOException {
    byte[] a = random(1, SLICE);
    assertEquals(SLICE, get(store.write(write(A1, 1, 0, 0, 0, a), direct(a))));
    refused(ErrorCode.VERSION_GONE, () -> store.locate(A1, 0, 1));
    assertEquals(SLICE, store.stat(A1).length());
    assertEquals(
        List.of(false), store.list(null, 10).blocks().stream().map(e -> e.sealed()).toList());
    reopen();
    refused(ErrorCode.VERSION_GONE, () -> store.stat(A1));
    refused(
        ErrorCode.VERSION_GONE, () -> get(store.write(write(A1, 1, 0, 0, SLICE, a), direct(a))));
  }

  @Test
  void aLaterVersionSharesAndOutlivesItsBase() throws IOException {
    byte[] one = random(1, 3 * SLICE + 9);
    byte[] two = Arrays.copyOf(one, 6 * SLICE);
    System.arraycopy(random(2, 3 * SLICE), 0, two, 3 * SLICE, 3 * SLICE);
    put(store, A1, one);
    put(store, A2, 2, 1, 3 * SLICE, two, SLICE);
    assertArrayEquals(one, read(store, A1));
    assertArrayEquals(two, read(store, A2));
    get(store.delete(List.of(A1)));
    refused(ErrorCode.VERSION_GONE, () -> store.locate(A1, 0, 1));
    reopen();
    assertArrayEquals(two, read(store, A2));
    assertEquals(List.of(), store.verify(List.of(A2)));
  }

  @Test
  void aVersionMayOnlyShare() throws IOException {
    byte[] one = random(1, 3 * SLICE);
    put(store, A1, one);
    Sealed sealed = get(store.seal(A2, GROUP, 2, 1, 2 * SLICE, 2 * SLICE));
    assertEquals(2, sealed.crcs().length);
    assertArrayEquals(Arrays.copyOf(one, 2 * SLICE), read(store, A2));
    refused(
        ErrorCode.VERSION_GONE,
        () -> get(store.seal(new BlockKey(10, 3, 2), GROUP, 2, 2, 3 * SLICE, 3 * SLICE)));
  }

  @Test
  void repeatsAreAnsweredAsDoneAndChangesRefused() throws IOException {
    byte[] a = random(1, 2 * SLICE + 5);
    byte[] other = random(2, SLICE);
    byte[] first = Arrays.copyOf(a, SLICE);
    byte[] rest = Arrays.copyOfRange(a, SLICE, a.length);
    for (int i = 0; i < 2; i++) {
      assertEquals(SLICE, get(store.write(write(A1, 1, 0, 0, 0, first), direct(first))));
    }
    refused(
        ErrorCode.CONFLICT, () -> get(store.write(write(A1, 1, 0, 0, 0, other), direct(other))));
    refused(
        ErrorCode.CONFLICT,
        () -> get(store.write(write(A1, 1, 0, 0, 3 * SLICE, other), direct(other))));
    Sealed sealed = get(store.writeAndSeal(write(A1, 1, 0, 0, SLICE, rest), direct(rest)));
    Sealed again = get(store.writeAndSeal(write(A1, 1, 0, 0, SLICE, rest), direct(rest)));
    assertEquals(sealed.root(), again.root());
    assertEquals(sealed.root(), get(store.seal(A1, GROUP, 1, 0, 0, a.length)).root());
    assertEquals(a.length, get(store.write(write(A1, 1, 0, 0, 0, first), direct(first))));
    refused(
        ErrorCode.CONFLICT, () -> get(store.write(write(A1, 1, 0, 0, 0, other), direct(other))));
    refused(ErrorCode.CONFLICT, () -> get(store.seal(A1, GROUP, 1, 0, 0, SLICE)));
    assertArrayEquals(a, read(store, A1));
  }

  @Test
  void damagedPayloadsAndSenselessSizesAreRefused() throws IOException {
    byte[] a = random(1, 2 * SLICE);
    BlockWrite w = write(A1, 1, 0, 0, 0, a);
    a[SLICE + 3] ^= 1;
    refused(ErrorCode.CORRUPT, () -> get(store.write(w, direct(a))));
    refused(ErrorCode.VERSION_GONE, () -> store.stat(A1));
    refused(ErrorCode.INVALID, () -> get(store.write(write(A1, 1, 0, 0, 5, a), direct(a))));
    refused(ErrorCode.INVALID, () -> get(store.write(write(A1, 1, 0, 0, 8 << 20, a), direct(a))));
    refused(
        ErrorCode.INVALID,
        () -> get(store.write(write(new BlockKey(1, 0, 0), 1, 0, 0, 0, a), direct(a))));
    refused(ErrorCode.INVALID, () -> get(store.write(write(A1, 1, 1, SLICE, SLICE, a), direct(a))));
    refused(ErrorCode.VERSION_GONE, () -> get(store.seal(A1, GROUP, 1, 0, 0, SLICE)));
    refused(ErrorCode.INVALID, () -> get(store.seal(A1, GROUP, 1, 0, 0, 0)));
  }

  @Test
  void payloadInSeveralBuffersIsOne() throws IOException {
    byte[] a = random(1, 2 * SLICE + 100);
    ByteBuffer whole = direct(a);
    get(
        store.writeAndSeal(
            write(A1, 1, 0, 0, 0, a),
            whole.slice(0, 7),
            whole.slice(7, SLICE),
            whole.slice(SLICE + 7, a.length - SLICE - 7)));
    assertArrayEquals(a, read(store, A1));
  }

  @Test
  void olderEpochsAreRefusedForEver() throws IOException {
    byte[] a = random(1, SLICE);
    put(store, A1, 5, 0, 0, a, SLICE);
    refused(ErrorCode.STALE_EPOCH, () -> get(store.write(write(A2, 4, 0, 0, 0, a), direct(a))));
    get(store.write(write(A2, 9, 0, 0, 0, a), direct(a)));
    refused(ErrorCode.STALE_EPOCH, () -> get(store.seal(A2, GROUP, 8, 0, 0, SLICE)));
    get(store.delete(List.of(A2)));
    for (int i = 0; i < 3; i++) {
      refused(ErrorCode.STALE_EPOCH, () -> get(store.write(write(A2, 8, 0, 0, 0, a), direct(a))));
      store.close();
      if (i == 1) {
        Files.delete(dir.resolve("d/index/boot"));
      }
      open();
    }
    get(store.write(write(A2, 0, 0, 0, 0, a), direct(a)));
  }

  @Test
  void aNewerWriterReplacesWhatAnOlderOneStaged() throws IOException {
    byte[] old = random(1, SLICE);
    byte[] fresh = random(2, SLICE);
    get(store.write(write(A1, 5, 0, 0, 0, old), direct(old)));
    get(store.write(write(A1, 6, 0, 0, 0, fresh), direct(fresh)));
    refused(ErrorCode.STALE_EPOCH, () -> get(store.seal(A1, GROUP, 5, 0, 0, SLICE)));
    get(store.seal(A1, GROUP, 6, 0, 0, SLICE));
    assertArrayEquals(fresh, read(store, A1));
  }

  @Test
  void aBlockThatNobodyFinishesShowsInTheDigests() throws IOException {
    byte[] bytes = random(1, SLICE);
    get(store.write(write(A1, 5, 0, 0, 0, bytes), direct(bytes)));
    assertEquals(List.of(new GroupDigest(GROUP, 1, Checksums.digest(A1, 0))), store.digests());
    get(store.delete(List.of(A1)));
    assertEquals(List.of(), store.digests());
  }

  @Test
  void listsAndDigestsFollowTheBlocks() throws IOException {
    put(store, B1, random(1, 10));
    put(store, A2, random(2, 10));
    put(store, A1, random(3, 10));
    assertEquals(
        List.of(A1, A2, B1), store.list(null, 10).blocks().stream().map(e -> e.block()).toList());
    assertEquals(List.of(A2), store.list(A1, 1).blocks().stream().map(e -> e.block()).toList());
    assertTrue(store.list(A1, 1).more());
    assertEquals(3, store.blocksOf(GROUP).size());
    assertEquals(List.of(), store.blocksOf(GROUP + 1));
    long expected = 0;
    for (BlockKey key : List.of(A1, A2, B1)) {
      expected += Checksums.digest(key, store.stat(key).root());
    }
    assertEquals(List.of(new GroupDigest(GROUP, 3, expected)), store.digests());
    get(store.delete(List.of(A1, A1, new BlockKey(99, 1, 1))));
    expected -=
        Checksums.digest(
            A1, Checksums.root(Checksums.slices(ByteBuffer.wrap(random(3, 10))), 1, 10));
    for (int i = 0; i < 2; i++) {
      assertEquals(List.of(new GroupDigest(GROUP, 2, expected)), store.digests());
      assertEquals(2, store.report().blocks());
      reopen();
    }
  }

  @Test
  void identityStaysAndAdoptionIsOnce() throws IOException {
    long id = store.diskId();
    assertTrue(id > 0);
    assertEquals(0, store.clusterId());
    store.adopt(42);
    reopen();
    assertEquals(id, store.diskId());
    assertEquals(42, store.clusterId());
    store.adopt(42);
    refused(ErrorCode.INVALID, () -> store.adopt(43));
  }

  @Test
  void aDirectoryThatIsNoDiskIsRefused() throws IOException {
    refused("in use", () -> DiskStore.open(dir.resolve("d"), DiskOptions.DEFAULTS));
    Path foreign = Files.createDirectories(dir.resolve("foreign"));
    Files.writeString(foreign.resolve("letter.txt"), "dear");
    refused("letter.txt", () -> DiskStore.open(foreign, DiskOptions.DEFAULTS));
    store.close();
    Path identity = dir.resolve("d/disk.identity");
    String text = Files.readString(identity);
    Files.writeString(identity, text.replace("format=1", "format=2"));
    refused("format '2'", this::open);
    Files.writeString(identity, text.replace("cluster=0", "cluster=5"));
    refused("damaged", this::open);
    Files.delete(identity);
    refused("not empty", this::open);
    Files.writeString(identity, text);
    open();
  }

  @Test
  void anInterruptedFormatIsFinished() throws IOException {
    Path half = dir.resolve("half");
    Files.createDirectories(half.resolve("log"));
    Files.writeString(half.resolve("disk.identity.new"), "form");
    try (DiskStore other = DiskStore.open(half, DiskOptions.DEFAULTS)) {
      put(other, A1, random(1, 10));
    }
  }

  @Test
  void aDirectoryThatDisappearsFailsTheDisk() throws IOException {
    put(store, A1, random(1, 10));
    store.check();
    assertEquals(DiskState.UP, store.report().state());
    Files.move(dir.resolve("d"), dir.resolve("e"));
    store.check();
    assertEquals(DiskState.FAILED, store.report().state());
    assertTrue(store.report().error().contains("gone"));
    refused(ErrorCode.DISK_FAILED, () -> store.locate(A1, 0, 1));
    refused(ErrorCode.DISK_FAILED, () -> put(store, B1, random(1, 10)));
    refused(ErrorCode.DISK_FAILED, () -> get(store.delete(List.of(A1))));
  }

  @Test
  void theIndexCanBeLostAtAnyTime() throws IOException {
    byte[] a = random(1, 5 << 20);
    byte[] b = random(2, 3 * SLICE);
    put(store, A1, a);
    put(store, B1, b);
    put(store, A2, 2, 1, 1 << 20, a, SLICE);
    get(store.delete(List.of(A1)));
    List<?> before = store.list(null, 100).blocks();
    List<GroupDigest> digests = store.digests();
    store.close();
    Files.delete(dir.resolve("d/index/data.mdb"));
    open();
    assertEquals(before, store.list(null, 100).blocks());
    assertEquals(digests, store.digests());
    assertArrayEquals(a, read(store, A2));
    assertArrayEquals(b, read(store, B1));
    assertEquals(List.of(), store.takeBad());
  }

  @Test
  void theLimitRefusesDataButNotDeletion() throws IOException {
    store.close();
    store =
        DiskStore.open(
            dir.resolve("small"), DiskOptions.DEFAULTS.withSegment(1 << 20).withCapacity(4 << 20));
    int written = 0;
    try {
      for (; written < 100; written++) {
        put(store, new BlockKey(written, 1, 0), random(written, 256 << 10));
      }
    } catch (AshlarException e) {
      assertEquals(ErrorCode.NO_SPACE, e.code());
    }
    assertTrue(written >= 12 && written < 16, "Blocks that fit: " + written);
    assertEquals(DiskState.FULL, store.report().state());
    get(
        store.delete(
            List.of(
                new BlockKey(0, 1, 0),
                new BlockKey(1, 1, 0),
                new BlockKey(2, 1, 0),
                new BlockKey(3, 1, 0),
                new BlockKey(4, 1, 0),
                new BlockKey(5, 1, 0))));
    Until.holds(() -> store.report().state() == DiskState.UP);
    put(store, new BlockKey(200, 1, 0), random(200, 256 << 10));
    for (int i = 6; i < written; i++) {
      assertArrayEquals(random(i, 256 << 10), read(store, new BlockKey(i, 1, 0)));
    }
  }
}
