package dev.ashlar.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.MasterRequest;
import dev.ashlar.protocol.rpc.Role;
import dev.ashlar.protocol.rpc.RpcClient;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Small files that share chunks. */
class PackTest {
  private static final Policy POLICY = Policy.parse("rs-3-2-16k");

  private static AshlarFileSystem connect(FakeCluster cluster, int leastFiles)
      throws AshlarException {
    return AshlarFileSystem.connect(cluster.config().withPacking(128 << 10, leastFiles));
  }

  /** What many threads put is what is got, whoever it was packed with. */
  @ParameterizedTest
  @ValueSource(strings = {"rs-3-2-16k", "rs-6-3", "mirror-2-16k", "rs-2-1-16k-64k"})
  void whatManyPutIsGot(String policy) throws Exception {
    long seed = Long.getLong("ashlar.seed", System.nanoTime());
    System.out.println("PackTest: -Dashlar.seed=" + seed);
    Policy p = Policy.parse(policy);
    try (FakeCluster cluster = new FakeCluster(p.width() + 1, p);
        AshlarFileSystem fs = connect(cluster, 2)) {
      Map<String, byte[]> contents = new ConcurrentHashMap<>();
      together(
          16,
          t -> {
            Random random = new Random(seed + t);
            for (int i = 0; i < 12; i++) {
              int size = random.nextInt(6) == 0 ? random.nextInt(3) : random.nextInt(40_000);
              byte[] content = FakeCluster.bytes(random.nextLong(), size);
              contents.put("f" + t + "-" + i, content);
              assertEquals(size, FakeCluster.put(fs, "f" + t + "-" + i, content).size());
            }
          });
      assertTrue(cluster.state.count("CommitPack") > 0);
      assertTrue(cluster.state.count("Stage") < 16 * 12);
      Random random = new Random(seed);
      for (Map.Entry<String, byte[]> e : contents.entrySet()) {
        long inode = fs.lookup(Attr.ROOT, e.getKey()).inode();
        byte[] content = e.getValue();
        assertArrayEquals(content, FakeCluster.get(fs, inode), e.getKey());
        int from = random.nextInt(content.length + 1);
        int to = from + random.nextInt(content.length - from + 1);
        assertArrayEquals(
            Arrays.copyOfRange(content, from, to),
            FakeCluster.get(fs, inode, from, to - from),
            e.getKey());
      }
      FakeCluster.await("nothing staged", () -> cluster.state.stagedChunks() == 0);
      assertEquals(0, fs.heldBytes());
    }
  }

  private interface Part {
    void run(int number) throws Exception;
  }

  private static void together(int threads, Part part) throws InterruptedException {
    ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    List<Thread> all = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      int number = t;
      all.add(
          Thread.ofVirtual()
              .start(() -> {
                try {
                  part.run(number);
                } catch (Throwable e) {
                  failures.add(e);
                }
              }));
    }
    for (Thread thread : all) {
      assertTrue(thread.join(Duration.ofSeconds(60)));
    }
    assertTrue(failures.isEmpty(), () -> failures.toString());
  }

  /** Appending copies a file out of its pack; cutting and extending leave it there. */
  @Test
  void packedFilesCanBeChanged() throws Exception {
    try (FakeCluster cluster = new FakeCluster(POLICY.width(), POLICY);
        AshlarFileSystem fs = connect(cluster, 1)) {
      byte[] content = FakeCluster.bytes(1, 30_000);
      long inode = FakeCluster.put(fs, "f", content).inode();
      assertEquals(1, cluster.state.count("CommitPack"));
      fs.truncate(inode, 20_000);
      assertArrayEquals(Arrays.copyOf(content, 20_000), FakeCluster.get(fs, inode));
      fs.truncate(inode, 25_000);
      byte[] expected = Arrays.copyOf(Arrays.copyOf(content, 20_000), 25_000);
      assertArrayEquals(expected, FakeCluster.get(fs, inode));
      assertArrayEquals(
          Arrays.copyOfRange(expected, 19_000, 21_000), FakeCluster.get(fs, inode, 19_000, 2_000));

      FileHandle handle = fs.open(inode, OpenMode.APPEND);
      byte[] more = FakeCluster.bytes(2, 5_000);
      fs.append(handle, ByteBuffer.wrap(more));
      fs.release(handle);
      byte[] all = Arrays.copyOf(expected, 30_000);
      System.arraycopy(more, 0, all, 25_000, 5_000);
      assertArrayEquals(all, FakeCluster.get(fs, inode));
      assertEquals(0b11111, cluster.state.present(inode, 0), "it has a chunk of its own now");

      fs.truncate(inode, POLICY.chunkBytes() + 10);
      FileHandle behind = fs.open(inode, OpenMode.APPEND);
      fs.append(behind, ByteBuffer.wrap(more));
      fs.release(behind);
      assertArrayEquals(more, FakeCluster.get(fs, inode, POLICY.chunkBytes() + 10, more.length));
      assertArrayEquals(all, FakeCluster.get(fs, inode, 0, all.length));
    }
  }

  /** Bytes behind the slice of a file, in chunks of its own, while its first ones are packed. */
  @Test
  void aPackedFileMayGoOnInChunks() throws Exception {
    try (FakeCluster cluster = new FakeCluster(POLICY.width(), POLICY);
        AshlarFileSystem fs = connect(cluster, 1)) {
      byte[] content = FakeCluster.bytes(1, 10_000);
      long inode = FakeCluster.put(fs, "f", content).inode();
      fs.truncate(inode, POLICY.chunkBytes());
      FileHandle handle = fs.open(inode, OpenMode.APPEND);
      byte[] more = FakeCluster.bytes(2, 5_000);
      fs.append(handle, ByteBuffer.wrap(more));
      fs.release(handle);
      byte[] expected = Arrays.copyOf(content, (int) POLICY.chunkBytes() + more.length);
      System.arraycopy(more, 0, expected, (int) POLICY.chunkBytes(), more.length);
      assertArrayEquals(expected, FakeCluster.get(fs, inode));
    }
  }

  @Test
  void eachFileIsMadeOrRefusedForItself() throws Exception {
    try (FakeCluster cluster = new FakeCluster(POLICY.width(), POLICY);
        AshlarFileSystem fs = connect(cluster, 1)) {
      FakeCluster.put(fs, "there", new byte[10]);
      StageOptions fresh = StageOptions.DEFAULT.withReplace(false);
      AshlarException e =
          assertThrows(
              AshlarException.class, () -> FakeCluster.put(fs, "there", new byte[20], fresh));
      assertEquals(ErrorCode.EXISTS, e.code());
      assertEquals(10, fs.lookup(Attr.ROOT, "there").size());
      assertEquals(20, FakeCluster.put(fs, "there", new byte[20]).size());
    }
  }

  /** A pack whose disks, or whose lease, went before its commit is written again. */
  @ParameterizedTest
  @ValueSource(strings = {"CONFLICT", "LEASE_LOST"})
  void aPackThatWasDroppedIsWrittenAgain(String code) throws Exception {
    try (FakeCluster cluster = new FakeCluster(POLICY.width(), POLICY);
        AshlarFileSystem fs = connect(cluster, 1)) {
      AtomicInteger asked = new AtomicInteger();
      cluster.masterFault =
          request ->
              request instanceof MasterRequest.Submit s
                      && s.command() instanceof Command.CommitPack
                      && asked.incrementAndGet() < 3
                  ? new AshlarException(ErrorCode.valueOf(code), "gone")
                  : null;
      byte[] content = FakeCluster.bytes(1, 1000);
      Attr attr = FakeCluster.put(fs, "f", content);
      assertArrayEquals(content, FakeCluster.get(fs, attr.inode()));
      assertEquals(3, asked.get());
      FakeCluster.await("nothing staged", () -> cluster.state.stagedChunks() == 0);
    }
  }

  /** Who was told together comes back together: the first of them does not go alone. */
  @Test
  void aPackWaitsForAsManyFilesAsTheLastOneHad() throws Exception {
    try (FakeCluster cluster = new FakeCluster(POLICY.width(), POLICY);
        RpcClient toMasters = new RpcClient("to-masters", Role.MASTER);
        RpcClient toServers = new RpcClient("to-servers", Role.CHUNK_SERVER);
        AshlarFileSystem fs =
            AshlarFileSystem.connect(
                cluster.config().withPacking(128 << 10, 1),
                new StillWorld(true),
                toMasters,
                toServers)) {
      CountDownLatch othersWait = new CountDownLatch(1);
      cluster.masterFault =
          request -> {
            if (request instanceof MasterRequest.Submit s
                && s.command() instanceof Command.CommitPack) {
              await(othersWait);
            }
            return null;
          };
      List<Thread> callers = new ArrayList<>(List.of(putting(fs, "first")));
      FakeCluster.await("the first to commit", () -> cluster.state.count("Stage") == 1);
      for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 3; i++) {
          Thread caller = putting(fs, "f" + round + "-" + i);
          callers.add(caller);
          if (round == 0 || i < 2) {
            FakeCluster.await("it to wait", () -> waitsForItsPack(caller));
          }
        }
        othersWait.countDown();
        for (Thread caller : callers) {
          assertTrue(caller.join(Duration.ofMinutes(1)));
        }
        assertEquals(2 + round, cluster.state.count("CommitPack"));
      }
    }
  }

  private static Thread putting(AshlarFileSystem fs, String name) {
    return Thread.ofPlatform()
        .name("putting-" + name)
        .daemon()
        .start(() -> {
          try {
            var _ = FakeCluster.put(fs, name, new byte[1000]);
          } catch (IOException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  private static boolean waitsForItsPack(Thread caller) {
    return (caller.getState() == Thread.State.WAITING
            || caller.getState() == Thread.State.TIMED_WAITING)
        && Arrays.stream(caller.getStackTrace())
            .anyMatch(f -> f.getClassName().equals(Packer.class.getName()));
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(1, TimeUnit.MINUTES));
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** An answer that is lost says nothing about the command: it must not be carried out again. */
  @Test
  void packsWhoseAnswerIsLostAreCommittedOnce() throws Exception {
    long seed = Long.getLong("ashlar.seed", System.nanoTime());
    System.out.println("PackTest: -Dashlar.seed=" + seed);
    try (FakeCluster cluster = new FakeCluster(POLICY.width(), POLICY);
        AshlarFileSystem fs = connect(cluster, 1)) {
      Random random = new Random(seed);
      cluster.loseAnswer =
          request -> {
            synchronized (random) {
              return random.nextInt(3) == 0;
            }
          };
      together(
          4,
          t -> {
            for (int i = 0; i < 5; i++) {
              byte[] content = FakeCluster.bytes(i, 3000);
              StageOptions once = StageOptions.DEFAULT.withReplace(false);
              Attr attr = FakeCluster.put(fs, "f" + t + "-" + i, content, once);
              assertArrayEquals(content, FakeCluster.get(fs, attr.inode()));
            }
          });
    }
  }

  /** Nobody knows the size of a stream: it is kept in memory only as long as it is small. */
  @Test
  void aStreamThatTurnsOutLargeIsWrittenLikeAnyFile() throws Exception {
    try (FakeCluster cluster = new FakeCluster(POLICY.width(), POLICY);
        AshlarFileSystem fs = connect(cluster, 1)) {
      for (int size : new int[] {0, 1, 8191, 8192, 8193, 131_071, 131_072, 131_073, 400_000}) {
        byte[] content = FakeCluster.bytes(size, size);
        int before = cluster.state.count("CommitPack");
        try (FileWriter writer = fs.stage(Attr.ROOT, "s" + size, StageOptions.DEFAULT)) {
          assertEquals(
              size, writer.transferFrom(Channels.newChannel(new ByteArrayInputStream(content))));
          assertEquals(size, writer.size());
          assertEquals(size, writer.commit().size());
          assertThrows(AshlarException.class, writer::commit);
        }
        assertEquals(size <= 131_072 ? 1 : 0, cluster.state.count("CommitPack") - before);
        assertArrayEquals(
            content, FakeCluster.get(fs, fs.lookup(Attr.ROOT, "s" + size).inode()), "size " + size);
        try (FileWriter writer = fs.stage(Attr.ROOT, "w" + size, StageOptions.DEFAULT)) {
          for (int at = 0; at < size; at += 5000) {
            writer.write(ByteBuffer.wrap(content, at, Math.min(5000, size - at)));
          }
          assertEquals(size, writer.commit().size());
        }
        assertArrayEquals(
            content, FakeCluster.get(fs, fs.lookup(Attr.ROOT, "w" + size).inode()), "size " + size);
      }
    }
  }

  @Test
  void whereThereIsNoRoomEachFileIsTold() throws Exception {
    try (FakeCluster cluster = new FakeCluster(POLICY.width(), POLICY);
        AshlarFileSystem fs = connect(cluster, 1)) {
      cluster.servers.get(1).fault(FakeChunkServer.Fault.FULL);
      cluster.servers.get(2).fault(FakeChunkServer.Fault.FULL);
      AshlarException e =
          assertThrows(AshlarException.class, () -> FakeCluster.put(fs, "f", new byte[100_000]));
      assertEquals(ErrorCode.NO_SPACE, e.code());
      assertTrue(String.valueOf(e.getMessage()).contains("'f' in directory 1"), e.getMessage());
      assertThrows(AshlarException.class, () -> fs.lookup(Attr.ROOT, "f"));
    }
  }
}
