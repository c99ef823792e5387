package dev.ashlar.chunkserver.store;

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
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.MasterRequest.DiskState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Disks that fail, fill up or are slow, seen through the whole store. */
class FaultTest {
  private static final BlockKey A = new BlockKey(1, 1, 0);
  private static final BlockKey B = new BlockKey(2, 1, 0);
  private static final BlockKey C = new BlockKey(3, 1, 0);

  @TempDir Path dir;
  private final FaultyIo.Faults faults = new FaultyIo.Faults();

  private DiskStore open(DiskOptions options) throws IOException {
    return DiskStore.open(
        dir.resolve("d"), options, path -> new FaultyIo(new RealDiskIo(path), faults));
  }

  private static void refused(ErrorCode code, Executable what) {
    AshlarException e = assertThrows(AshlarException.class, what);
    assertEquals(code, e.code(), e.getMessage());
  }

  @Test
  void aFailedSyncEndsTheDiskUntilItIsOpenedAgain() throws IOException {
    byte[] a = random(1, 50_000);
    byte[] b = random(2, 50_000);
    try (DiskStore store = open(DiskOptions.DEFAULTS)) {
      put(store, A, a);
      faults.failSync = true;
      refused(ErrorCode.DISK_FAILED, () -> put(store, B, b));
      faults.failSync = false;
      refused(ErrorCode.DISK_FAILED, () -> put(store, C, b));
      refused(ErrorCode.DISK_FAILED, () -> store.locate(A, 0, 1));
      refused(ErrorCode.DISK_FAILED, () -> store.stat(A));
      refused(ErrorCode.DISK_FAILED, () -> store.verify(List.of(A)));
      assertEquals(DiskState.FAILED, store.report().state());
      assertTrue(store.report().error().contains("simulated"), store.report().error());
      assertEquals(1, faults.failedSyncs);
    }
    try (DiskStore store = open(DiskOptions.DEFAULTS)) {
      assertArrayEquals(a, read(store, A));
      put(store, B, b);
      assertArrayEquals(b, read(store, B));
    }
  }

  @Test
  void aFailedWriteEndsTheDisk() throws IOException {
    try (DiskStore store = open(DiskOptions.DEFAULTS)) {
      put(store, A, random(1, 50_000));
      faults.failWrite = true;
      refused(ErrorCode.DISK_FAILED, () -> put(store, B, random(2, 10)));
      faults.failWrite = false;
      refused(ErrorCode.DISK_FAILED, () -> get(store.delete(List.of(A))));
    }
  }

  @Test
  void allThatWaitsForAFailingSyncFails() throws IOException {
    try (DiskStore store = open(DiskOptions.DEFAULTS)) {
      faults.holdSync();
      List<CompletableFuture<?>> answers = new ArrayList<>();
      byte[] a = random(1, 100);
      for (int i = 0; i < 20; i++) {
        answers.add(store.writeAndSeal(write(new BlockKey(i, 1, 0), 1, 0, 0, 0, a), direct(a)));
      }
      faults.failSync = true;
      faults.letSyncGo();
      for (CompletableFuture<?> answer : answers) {
        refused(ErrorCode.DISK_FAILED, () -> get(answer));
      }
    }
  }

  @Test
  void aSealIsAnsweredOnlyAfterTheSyncAndOneSyncServesMany() throws IOException {
    try (DiskStore store = open(DiskOptions.DEFAULTS)) {
      put(store, A, random(1, 100));
      faults.holdSync();
      byte[] a = random(1, 100);
      CompletableFuture<?> first = store.writeAndSeal(write(B, 1, 0, 0, 0, a), direct(a));
      Until.holds(faults::syncHeld);
      int syncs = faults.syncs;
      List<CompletableFuture<?>> answers = new ArrayList<>();
      for (int i = 10; i < 60; i++) {
        answers.add(store.writeAndSeal(write(new BlockKey(i, 1, 0), 1, 0, 0, 0, a), direct(a)));
      }
      assertTrue(!first.isDone() && answers.stream().noneMatch(CompletableFuture::isDone));
      refused(ErrorCode.VERSION_GONE, () -> store.locate(B, 0, 1));
      faults.letSyncGo();
      get(first);
      for (CompletableFuture<?> answer : answers) {
        get(answer);
      }
      assertTrue(faults.syncs - syncs <= 3, "syncs for 50 seals: " + (faults.syncs - syncs));
    }
  }

  @Test
  void aSyncThatDoesNotComeBackShowsAsBusy() throws IOException {
    try (DiskStore store = open(DiskOptions.DEFAULTS)) {
      faults.holdSync();
      byte[] a = random(1, 100);
      CompletableFuture<?> first = store.writeAndSeal(write(A, 1, 0, 0, 0, a), direct(a));
      Until.holds(faults::syncHeld);
      long before = store.busyNs();
      Until.holds(() -> store.busyNs() > before);
      faults.letSyncGo();
      get(first);
      Until.holds(() -> store.busyNs() == 0);
    }
  }

  @Test
  void tooMuchWaitingIsAnsweredWithRetry() throws IOException {
    DiskOptions options = new DiskOptions(0, 0, 4 << 20, 64 << 10, 1 << 20, 16);
    try (DiskStore store = open(options)) {
      faults.holdSync();
      byte[] a = random(1, 100);
      CompletableFuture<?> first = store.writeAndSeal(write(A, 1, 0, 0, 0, a), direct(a));
      Until.holds(faults::syncHeld);
      byte[] large = random(1, 600 << 10);
      CompletableFuture<?> second = store.writeAndSeal(write(B, 1, 0, 0, 0, large), direct(large));
      refused(
          ErrorCode.RETRY,
          () -> get(store.writeAndSeal(write(C, 1, 0, 0, 0, large), direct(large))));
      faults.letSyncGo();
      get(first);
      get(second);
      put(store, C, large);
    }
  }

  @Test
  void aFullFileSystemRefusesTheWriteAndGoesOn() throws IOException {
    byte[] a = random(1, 300_000);
    try (DiskStore store = open(DiskOptions.DEFAULTS.withReserve(0))) {
      put(store, A, a);
      faults.fullAfter = 120_000;
      refused(ErrorCode.NO_SPACE, () -> put(store, B, a));
      refused(ErrorCode.VERSION_GONE, () -> store.stat(B));
      assertEquals(DiskState.UP, store.report().state());
      assertArrayEquals(a, read(store, A));
      faults.fullAfter = Long.MAX_VALUE;
      put(store, B, a);
      get(store.delete(List.of(A)));
    }
    try (DiskStore store = open(DiskOptions.DEFAULTS)) {
      assertArrayEquals(a, read(store, B));
      refused(ErrorCode.VERSION_GONE, () -> store.stat(A));
      assertEquals(List.of(), store.takeBad());
    }
  }

  @Test
  void theReserveKeepsDeletionPossible() throws IOException {
    try (DiskStore store = open(DiskOptions.DEFAULTS)) {
      put(store, A, random(1, 1000));
      faults.usable = (64L << 20) - 1;
      refused(ErrorCode.NO_SPACE, () -> put(store, B, random(1, 1000)));
      assertEquals(DiskState.FULL, store.report().state());
      assertEquals(0, store.report().freeBytes());
      get(store.delete(List.of(A)));
      refused(ErrorCode.VERSION_GONE, () -> store.stat(A));
    }
  }

  @Test
  void readersKeepDeletedBytesUntilTheyAreDone() throws IOException {
    byte[] a = random(1, 2 << 20);
    try (DiskStore store = open(DiskOptions.DEFAULTS)) {
      put(store, A, a);
      long before = store.report().usedBytes();
      BlockBytes reading = store.locate(A, 0, a.length);
      get(store.delete(List.of(A)));
      put(store, B, random(2, 100));
      put(store, C, random(2, 100));
      ByteBuffer out = ByteBuffer.allocate(a.length);
      for (FileExtent e : reading.extents()) {
        ByteBuffer part = out.slice(out.position(), e.length());
        assertEquals(e.length(), e.channel().read(part, e.position()));
        out.position(out.position() + e.length());
      }
      assertArrayEquals(a, out.array());
      assertEquals(reading.extents().size(), faults.channels);
      reading.close();
      reading.close();
      assertEquals(0, faults.channels);
      Until.holds(() -> store.report().usedBytes() < before - (1 << 20));
    }
  }

  /** What is found at its path now is another disk's. */
  @Test
  void aDiskWhoseDirectoryWasSwappedTouchesNothingMore() throws IOException {
    byte[] a = random(1, 2 << 20);
    TurnWorld world = new TurnWorld();
    DiskHome home =
        DiskDirectory.open(dir.resolve("d"), path -> new FaultyIo(new RealDiskIo(path), faults));
    DiskStore store = DiskStore.open(home, DiskOptions.DEFAULTS, world);
    CompletableFuture<?> written = store.writeAndSeal(write(A, 1, 0, 0, 0, a), direct(a));
    world.turn();
    get(written);
    BlockBytes reading = store.locate(A, 0, a.length);
    CompletableFuture<?> deleted = store.delete(List.of(A));
    world.turn();
    get(deleted);
    Files.move(dir.resolve("d"), dir.resolve("away"));
    DiskStore.open(dir.resolve("d"), DiskOptions.DEFAULTS).close();
    store.check();
    assertEquals(DiskState.FAILED, store.report().state());
    int changes = faults.changes.get();
    reading.close(); // what was deleted could be given back now
    for (int i = 0; i < 5; i++) {
      world.turn();
    }
    store.close();
    assertEquals(changes, faults.changes.get());
  }

  @Test
  void aProcessWithoutDescriptorsHasNoBadBlocks() throws IOException {
    byte[] a = random(1, 200_000);
    try (DiskStore store = open(DiskOptions.DEFAULTS)) {
      put(store, A, a);
      faults.noDescriptors = true;
      refused(ErrorCode.RETRY, () -> store.locate(A, 0, a.length));
      refused(ErrorCode.RETRY, () -> store.verify(List.of(A)));
      assertEquals(List.of(), store.takeBad());
      faults.noDescriptors = false;
      assertArrayEquals(a, read(store, A));
      assertEquals(List.of(), store.verify(List.of(A)));
    }
  }

  @Test
  void spaceIsGivenBackOnceThereAreDescriptors() throws IOException {
    try (DiskStore store = open(DiskOptions.DEFAULTS)) {
      put(store, A, random(1, 2 << 20));
      long before = store.report().usedBytes();
      faults.noDescriptors = true;
      get(store.delete(List.of(A)));
      Until.holds(() -> faults.refusedPunches > 0);
      assertEquals(DiskState.UP, store.report().state());
      faults.noDescriptors = false;
      put(store, B, random(2, 100));
      Until.holds(() -> store.report().usedBytes() < before - (1 << 20));
    }
  }

  /** A hole may need a block for the list of what is left around it. */
  @Test
  void aFileSystemTooFullToPunchIsNoBrokenDisk() throws IOException {
    try (DiskStore store = open(DiskOptions.DEFAULTS)) {
      put(store, A, random(1, 2 << 20));
      put(store, C, random(3, 100));
      long before = store.report().usedBytes();
      faults.noRoomToPunch = true;
      get(store.delete(List.of(A)));
      Until.holds(() -> faults.refusedPunches > 0);
      get(store.delete(List.of(C)));
      assertEquals(DiskState.UP, store.report().state());
      faults.noRoomToPunch = false;
      put(store, B, random(2, 100));
      Until.holds(() -> store.report().usedBytes() < before - (1 << 20));
    }
  }

  @Test
  void aSegmentIsBegunOnceThereAreDescriptors() throws IOException {
    byte[] a = random(1, 300_000);
    try (DiskStore store = open(DiskOptions.DEFAULTS.withSegment(512 << 10))) {
      put(store, A, a);
      faults.noDescriptors = true;
      refused(ErrorCode.RETRY, () -> put(store, B, a));
      assertEquals(DiskState.UP, store.report().state());
      faults.noDescriptors = false;
      put(store, B, a);
      assertArrayEquals(a, read(store, A));
      assertArrayEquals(a, read(store, B));
    }
  }

  /** What recovery cannot read now must not be taken for bytes that were never synced. */
  @Test
  void aDiskIsNotOpenedWithoutDescriptors() throws IOException {
    byte[] a = random(1, 50_000);
    try (DiskStore store = open(DiskOptions.DEFAULTS)) {
      put(store, A, a);
    }
    Files.delete(dir.resolve("d/index/boot"));
    faults.noDescriptors = true;
    refused(ErrorCode.RETRY, () -> open(DiskOptions.DEFAULTS));
    faults.noDescriptors = false;
    try (DiskStore store = open(DiskOptions.DEFAULTS)) {
      assertArrayEquals(a, read(store, A));
      assertEquals(List.of(), store.takeBad());
    }
  }
}
