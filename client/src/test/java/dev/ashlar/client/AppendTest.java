package dev.ashlar.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.MasterRequest;
import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AppendTest {
  private static byte[] join(byte[] a, byte[] b) {
    byte[] joined = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, joined, a.length, b.length);
    return joined;
  }

  private static byte[] read(AshlarFileSystem fs, FileHandle handle, int size) throws IOException {
    ByteBuffer target = ByteBuffer.allocate(size + 1);
    int count = fs.read(handle, 0, target);
    return Arrays.copyOf(target.array(), Math.max(0, count));
  }

  /** The size of a commit that failed must not be published later without its chunks. */
  @Test
  void afterAFailedCommitNothingMoreIsPublished() throws Exception {
    Policy policy = Policy.parse("xor-2-1-16k");
    try (FakeCluster cluster = new FakeCluster(3, policy);
        AshlarFileSystem fs = cluster.connect()) {
      byte[] before = FakeCluster.bytes(1, 1000);
      FileHandle handle = fs.create(Attr.ROOT, "f", 0644, true, "");
      fs.append(handle, ByteBuffer.wrap(before));
      assertEquals(1000, fs.fsync(handle).size());
      fs.append(handle, ByteBuffer.wrap(FakeCluster.bytes(2, 500)));
      failNextCommit(cluster);
      assertThrows(AshlarException.class, () -> fs.fsync(handle));
      assertThrows(AshlarException.class, () -> fs.fsync(handle));
      assertThrows(AshlarException.class, () -> fs.append(handle, ByteBuffer.allocate(1)));
      assertThrows(AshlarException.class, () -> fs.release(handle));
      assertArrayEquals(before, FakeCluster.get(fs, handle.inode()));
      FileHandle again = fs.open(handle.inode(), OpenMode.APPEND);
      assertEquals(1000, again.size());
      fs.release(again);

      try (FileWriter staged =
          fs.stage(Attr.ROOT, "g", StageOptions.DEFAULT.withExpectedSize(1 << 20))) {
        staged.write(ByteBuffer.wrap(before));
        failNextCommit(cluster);
        assertThrows(AshlarException.class, staged::commit);
        assertThrows(AshlarException.class, staged::commit);
      }
      assertThrows(AshlarException.class, () -> fs.lookup(Attr.ROOT, "g"));
      assertEquals(0, fs.heldBytes());
    }
  }

  private static void failNextCommit(FakeCluster cluster) {
    AtomicBoolean failed = new AtomicBoolean();
    cluster.masterFault =
        request ->
            request instanceof MasterRequest.Submit s
                    && s.command() instanceof Command.Commit
                    && failed.compareAndSet(false, true)
                ? new AshlarException(ErrorCode.CONFLICT, "blocks were lost meanwhile")
                : null;
  }

  @ParameterizedTest
  @ValueSource(strings = {"rs-3-2-16k", "xor-2-1-32k", "mirror-2-16k", "rs-6-3-16k"})
  void appendsTruncationsAndReopeningKeepTheBytes(String text) throws Exception {
    Policy policy = Policy.parse(text);
    long seed = System.nanoTime();
    System.out.println("seed " + seed + " policy " + text);
    Random random = new Random(seed);
    try (FakeCluster cluster = new FakeCluster(policy.width() + 1, policy);
        AshlarFileSystem fs = cluster.connect()) {
      byte[] model = new byte[0];
      FileHandle handle = fs.create(Attr.ROOT, "f", 0644, true, "");
      for (int step = 0; step < 120; step++) {
        switch (random.nextInt(8)) {
          case 0 -> assertEquals(model.length, fs.fsync(handle).size());
          case 1 -> {
            fs.release(handle);
            assertArrayEquals(model, FakeCluster.get(fs, handle.inode()), "step " + step);
            handle = fs.open(handle.inode(), OpenMode.APPEND);
          }
          case 2 -> {
            int size = random.nextInt(model.length + 1 + policy.stripeBytes());
            fs.truncate(handle, size);
            model = Arrays.copyOf(model, size);
          }
          case 3 -> assertArrayEquals(model, read(fs, handle, model.length), "step " + step);
          default -> {
            int length =
                switch (random.nextInt(4)) {
                  case 0 -> random.nextInt(100);
                  case 1 -> policy.stripeBytes() - model.length % policy.stripeBytes();
                  case 2 -> random.nextInt(policy.cellBytes());
                  default -> random.nextInt(3 * policy.stripeBytes());
                };
            byte[] more = FakeCluster.bytes(random.nextLong(), length);
            assertEquals(length, fs.write(handle, model.length, ByteBuffer.wrap(more)));
            model = join(model, more);
          }
        }
      }
      fs.release(handle);
      assertArrayEquals(model, FakeCluster.get(fs, handle.inode()));
      assertEquals(0, fs.heldBytes());
    }
  }

  @Test
  void appendsCrossChunks() throws Exception {
    Policy policy = Policy.parse("mirror-2-16k");
    try (FakeCluster cluster = new FakeCluster(3, policy);
        AshlarFileSystem fs = cluster.connect()) {
      byte[] model = FakeCluster.bytes(1, (int) policy.chunkBytes() - 5000);
      Attr attr = FakeCluster.put(fs, "f", model);
      FileHandle handle = fs.open(attr.inode(), OpenMode.APPEND);
      for (int i = 0; i < 3; i++) {
        byte[] more = FakeCluster.bytes(i, 3000);
        fs.append(handle, ByteBuffer.wrap(more));
        fs.fsync(handle);
        model = join(model, more);
      }
      byte[] more = FakeCluster.bytes(5, (int) policy.chunkBytes() + 1);
      fs.append(handle, ByteBuffer.wrap(more));
      fs.release(handle);
      assertArrayEquals(join(model, more), FakeCluster.get(fs, attr.inode()));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anAppendWhoseServerIsLostRewritesTheChunkElsewhere(boolean dead) throws Exception {
    Policy policy = Policy.parse("rs-3-2-16k");
    try (FakeCluster cluster = new FakeCluster(policy.width() + 1, policy);
        AshlarFileSystem fs = cluster.connect()) {
      byte[] model = FakeCluster.bytes(1, 7 * policy.stripeBytes() + 123);
      Attr attr = FakeCluster.put(fs, "f", model);
      if (dead) {
        cluster.servers.get(1).die();
      } else {
        FakeChunkServer victim = cluster.servers.get(1);
        victim.keys().forEach(victim::drop);
      }
      FileHandle handle = fs.open(attr.inode(), OpenMode.APPEND);
      for (int i = 0; i < 4; i++) {
        byte[] more = FakeCluster.bytes(i, 30_000);
        fs.append(handle, ByteBuffer.wrap(more));
        model = join(model, more);
        fs.fsync(handle);
        assertArrayEquals(model, FakeCluster.get(fs, attr.inode()));
      }
      fs.release(handle);
      assertEquals(0, fs.heldBytes());
    }
  }

  @Test
  void onlyTheEndCanBeWritten() throws Exception {
    Policy policy = Policy.parse("xor-2-1-16k");
    try (FakeCluster cluster = new FakeCluster(3, policy);
        AshlarFileSystem fs = cluster.connect()) {
      FileHandle handle = fs.create(Attr.ROOT, "f", 0644, true, "");
      fs.append(handle, ByteBuffer.wrap(new byte[10]));
      AshlarException e =
          assertThrows(
              AshlarException.class, () -> fs.write(handle, 5, ByteBuffer.wrap(new byte[1])));
      assertEquals(ErrorCode.INVALID, e.code());
      assertEquals(
          ErrorCode.LEASE_LOST,
          assertThrows(AshlarException.class, () -> fs.open(handle.inode(), OpenMode.WRITE))
              .code());
      fs.release(handle);
      FileHandle reading = fs.open(handle.inode(), OpenMode.READ);
      assertEquals(
          ErrorCode.PERMISSION,
          assertThrows(
                  AshlarException.class, () -> fs.append(reading, ByteBuffer.wrap(new byte[1])))
              .code());
      fs.release(reading);
    }
  }

  /** Bytes of one version must not be followed by those of another, nor stand twice. */
  @Test
  void aReadThatMeetsAnotherVersionStartsOver() throws Exception {
    Policy policy = Policy.parse("mirror-2-16k-64k");
    try (FakeCluster cluster = new FakeCluster(2, policy);
        AshlarFileSystem fs = cluster.connect()) {
      byte[] before = FakeCluster.bytes(1, (int) policy.chunkBytes() + 1000);
      long inode = FakeCluster.put(fs, "f", before).inode();
      FileHandle reading = fs.open(inode, OpenMode.READ);
      FileHandle appending = fs.open(inode, OpenMode.APPEND);
      byte[] more = FakeCluster.bytes(2, 5000);
      fs.append(appending, ByteBuffer.wrap(more));
      fs.release(appending);
      cluster.servers.forEach(AppendTest::dropOldVersions);

      byte[] now = join(before, more);
      ByteBuffer target = ByteBuffer.allocate(7 + now.length).position(7);
      cluster.servers.forEach(s -> s.fault(FakeChunkServer.Fault.STALL_GONE));
      CompletableFuture<Integer> read =
          CompletableFuture.supplyAsync(
              () -> assertDoesNotThrow(() -> fs.read(reading, 100, target)));
      FakeCluster.await(
          "bytes of the first version",
          () -> {
            VarHandle.acquireFence();
            return target.position() > 7;
          });
      cluster.servers.forEach(s -> s.fault(FakeChunkServer.Fault.NONE));
      assertEquals(now.length - 100, read.get(60, TimeUnit.SECONDS));
      assertEquals(7 + now.length - 100, target.position());
      assertArrayEquals(
          Arrays.copyOfRange(now, 100, now.length),
          Arrays.copyOfRange(target.array(), 7, target.position()));
      fs.release(reading);
      assertEquals(0, fs.heldBytes());
    }
  }

  private static void dropOldVersions(FakeChunkServer server) {
    List<BlockKey> keys = server.keys();
    keys.stream()
        .filter(old ->
            keys.stream().anyMatch(k -> k.chunk() == old.chunk() && k.version() > old.version()))
        .forEach(server::drop);
  }

  /** A new version ends the handle's reader, but not under those who read from it. */
  @Test
  void aReadThatIsUnderWayOutlivesItsVersion() throws Exception {
    Policy policy = Policy.parse("mirror-2-16k");
    try (FakeCluster cluster = new FakeCluster(2, policy);
        AshlarFileSystem fs = cluster.connect()) {
      byte[] content = FakeCluster.bytes(1, 1000);
      FileHandle handle = fs.open(FakeCluster.put(fs, "f", content).inode(), OpenMode.WRITE);
      cluster.servers.forEach(s -> s.fault(FakeChunkServer.Fault.STALL));
      FutureTask<byte[]> read = new FutureTask<>(() -> read(fs, handle, 1000));
      Thread reader = Thread.ofVirtual().start(read);
      FakeCluster.await(
          "asked", () -> cluster.servers.stream().anyMatch(FakeChunkServer::stalling));
      assertEquals(500, fs.truncate(handle, 500).size());
      cluster.servers.forEach(s -> s.fault(FakeChunkServer.Fault.NONE));
      assertArrayEquals(content, read.get());
      reader.join();
      assertArrayEquals(Arrays.copyOf(content, 500), read(fs, handle, 1000));
      fs.release(handle);
      assertEquals(0, fs.heldBytes());
    }
  }

  /** There may be no room for a chunk that nobody needs, or only for a while. */
  @Test
  void placesThatWereRefusedAheadAreAskedForWhenNeeded() throws Exception {
    Policy policy = Policy.parse("mirror-2-16k-64k");
    try (FakeCluster cluster = new FakeCluster(2, policy);
        AshlarFileSystem fs = cluster.connect()) {
      AtomicBoolean refused = new AtomicBoolean();
      Function<MasterRequest, @Nullable AshlarException> full =
          request -> {
            if (request instanceof MasterRequest.Submit s
                && s.command() instanceof Command.Allocate a
                && a.first() > 0) {
              refused.set(true);
              return new AshlarException(ErrorCode.NO_SPACE, "add disks or delete files");
            }
            return null;
          };
      byte[] model = FakeCluster.bytes(1, 3 * (int) policy.chunkBytes());
      cluster.masterFault = full;
      FileHandle handle = fs.create(Attr.ROOT, "f", 0644, true, "");
      for (int at = 0; at < 3000; at += 1000) {
        fs.append(handle, ByteBuffer.wrap(model, at, 1000));
        fs.fsync(handle);
      }
      FakeCluster.await("asked ahead", refused::get);
      cluster.masterFault = request -> null;
      fs.append(handle, ByteBuffer.wrap(model, 3000, model.length - 3000));
      fs.release(handle);
      assertArrayEquals(model, FakeCluster.get(fs, handle.inode()));

      cluster.masterFault = full;
      FileHandle needy = fs.create(Attr.ROOT, "g", 0644, true, "");
      AshlarException e =
          assertThrows(AshlarException.class, () -> fs.append(needy, ByteBuffer.wrap(model)));
      assertEquals(ErrorCode.NO_SPACE, e.code());
      assertThrows(AshlarException.class, () -> fs.release(needy));
    }
  }
}
