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
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class WriteFaultsTest {
  private static final Policy POLICY = Policy.parse("rs-3-2-16k");
  private static final int STRIPE = POLICY.stripeBytes();

  @ParameterizedTest
  @EnumSource(
      value = FakeChunkServer.Fault.class,
      names = {"REFUSE", "STALL", "NO_SEAL", "STALL_AFTER_FIRST_WRITE"})
  void oneBadServerDoesNotStopAPut(FakeChunkServer.Fault fault) throws Exception {
    for (int bad = 0; bad < POLICY.width(); bad += 2) {
      try (FakeCluster cluster = new FakeCluster(POLICY.width(), POLICY);
          AshlarFileSystem fs = cluster.connect()) {
        cluster.servers.get(bad).fault(fault);
        byte[] content = FakeCluster.bytes(bad, 20 * STRIPE + 99);
        Attr attr = FakeCluster.put(fs, "f", content);
        assertArrayEquals(content, FakeCluster.get(fs, attr.inode()));
        assertEquals(0b11111 & ~(1 << bad), cluster.state.present(attr.inode(), 0));
        cluster.servers.get(bad).fault(FakeChunkServer.Fault.NONE);
        FakeCluster.await("memory returned", () -> fs.heldBytes() == 0);
      }
    }
  }

  @Test
  void aServerThatIsGoneDoesNotStopAPut() throws Exception {
    try (FakeCluster cluster = new FakeCluster(POLICY.width(), POLICY);
        AshlarFileSystem fs = cluster.connect()) {
      cluster.servers.get(3).die();
      for (int size : new int[] {1, STRIPE, 30 * STRIPE}) {
        byte[] content = FakeCluster.bytes(size, size);
        Attr attr = FakeCluster.put(fs, "f" + size, content);
        assertArrayEquals(content, FakeCluster.get(fs, attr.inode()));
      }
      assertEquals(0, fs.heldBytes());
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = FakeChunkServer.Fault.class,
      names = {"REFUSE", "NO_SEAL"})
  void whereTooManyFailTheChunkGoesElsewhere(FakeChunkServer.Fault fault) throws Exception {
    try (FakeCluster cluster = new FakeCluster(POLICY.width() + 2, POLICY);
        AshlarFileSystem fs = cluster.connect()) {
      cluster.servers.get(0).fault(fault);
      cluster.servers.get(1).fault(fault);
      for (int size : new int[] {1, STRIPE + 1, 30 * STRIPE + 5}) {
        byte[] content = FakeCluster.bytes(size, size);
        Attr attr = FakeCluster.put(fs, "f" + size, content);
        assertArrayEquals(content, FakeCluster.get(fs, attr.inode()));
      }
      assertTrue(fs.stats().restartedChunks() > 0);
      assertEquals(0, fs.heldBytes());
      FakeCluster.await("nothing staged", () -> cluster.state.stagedChunks() == 0);
    }
  }

  @Test
  void tooFewServersAreToldInOneSentence() throws Exception {
    try (FakeCluster cluster = new FakeCluster(POLICY.width(), POLICY);
        AshlarFileSystem fs = cluster.connect()) {
      cluster.servers.get(0).fault(FakeChunkServer.Fault.REFUSE);
      cluster.servers.get(1).die();
      AshlarException e =
          assertThrows(
              AshlarException.class,
              () -> FakeCluster.put(fs, "f", FakeCluster.bytes(1, 10 * STRIPE)));
      assertEquals(ErrorCode.UNAVAILABLE, e.code());
      assertTrue(e.getMessage().contains("'f'"), e.getMessage());
      assertTrue(
          e.getMessage().contains("needed are " + POLICY.minimumBlocks() + " blocks"),
          e.getMessage());
      assertThrows(AshlarException.class, () -> fs.lookup(Attr.ROOT, "f"));
      FakeCluster.await("nothing held", () -> fs.heldBytes() == 0);
      FakeCluster.await("nothing staged", () -> cluster.state.stagedChunks() == 0);
    }
  }

  @Test
  void fullServersAreToldAsSuch() throws Exception {
    try (FakeCluster cluster = new FakeCluster(POLICY.width(), POLICY);
        AshlarFileSystem fs = cluster.connect()) {
      cluster.servers.get(1).fault(FakeChunkServer.Fault.FULL);
      byte[] content = FakeCluster.bytes(1, 10 * STRIPE);
      Attr attr = FakeCluster.put(fs, "fits", content);
      assertArrayEquals(content, FakeCluster.get(fs, attr.inode()));
      cluster.servers.get(2).fault(FakeChunkServer.Fault.FULL);
      AshlarException e =
          assertThrows(AshlarException.class, () -> FakeCluster.put(fs, "f", content));
      assertEquals(ErrorCode.NO_SPACE, e.code());
      assertTrue(e.getMessage().endsWith("is full: delete files or add disks"), e.getMessage());
      assertThrows(AshlarException.class, () -> fs.lookup(Attr.ROOT, "f"));
      FakeCluster.await("nothing staged", () -> cluster.state.stagedChunks() == 0);
      assertEquals(0, fs.heldBytes());
    }
  }

  /** Between two heartbeats a master may choose disks that it then knows to be full or gone. */
  @ParameterizedTest
  @CsvSource({"0,1", "3,1", "0,3", "3,4"})
  void aChunkThatWasGivenNoDisksGoesElsewhere(long placed, int times) throws Exception {
    try (FakeCluster cluster = new FakeCluster(POLICY.width() + 2, POLICY);
        AshlarFileSystem fs = cluster.connect()) {
      AtomicInteger asked = new AtomicInteger();
      cluster.state.placed(index -> index == 1 && asked.incrementAndGet() <= times ? placed : -1L);
      byte[] content = FakeCluster.bytes(1, (int) POLICY.chunkBytes() + 200 * STRIPE);
      Attr attr = FakeCluster.put(fs, "f", content);
      assertArrayEquals(content, FakeCluster.get(fs, attr.inode()));
      assertEquals(times, fs.stats().restartedChunks());
      assertEquals(0, fs.heldBytes());
    }
  }

  /** Servers run full while a chunk is written, and the master has not heard of it yet. */
  @ParameterizedTest
  @ValueSource(ints = {2, 100})
  void aChunkWhoseServersRanFullWaitsForOthers(int times) throws Exception {
    try (FakeCluster cluster = new FakeCluster(POLICY.width() + 2, POLICY);
        AshlarFileSystem fs = cluster.connect()) {
      cluster.servers.get(0).fault(FakeChunkServer.Fault.FULL);
      cluster.servers.get(1).fault(FakeChunkServer.Fault.FULL);
      AtomicInteger asked = new AtomicInteger();
      cluster.state.placed(
          index -> asked.incrementAndGet() > 1 && asked.get() <= times + 1 ? 0L : -1L);
      byte[] content = FakeCluster.bytes(1, 200 * STRIPE);
      StageOptions options = StageOptions.DEFAULT.withExpectedSize(content.length);
      if (times == 2) {
        Attr attr = FakeCluster.put(fs, "f", content, options);
        assertArrayEquals(content, FakeCluster.get(fs, attr.inode()));
      } else {
        AshlarException e =
            assertThrows(AshlarException.class, () -> FakeCluster.put(fs, "f", content, options));
        assertEquals(ErrorCode.NO_SPACE, e.code(), e.getMessage());
      }
      FakeCluster.await("nothing held", () -> fs.heldBytes() == 0);
    }
  }

  /**
   * A chunk is moved, but what it shared with the version before cannot be read: nothing is held.
   */
  @Test
  void aMoveThatFailsInTheMiddleHoldsNoMemory() throws Exception {
    try (FakeCluster cluster = new FakeCluster(2 * POLICY.width(), POLICY);
        AshlarFileSystem fs =
            AshlarFileSystem.connect(cluster.config().withBlockTimeout(Duration.ofMillis(500)))) {
      long inode = FakeCluster.put(fs, "f", FakeCluster.bytes(1, 10 * STRIPE)).inode();
      FileHandle handle = fs.open(inode, OpenMode.APPEND);
      for (int i = 0; i < POLICY.width(); i++) {
        cluster
            .servers
            .get(Objects.requireNonNull(cluster.state.serverOf(inode, 0, i)))
            .fault(FakeChunkServer.Fault.REFUSE);
      }
      assertThrows(
          AshlarException.class,
          () -> {
            fs.append(handle, ByteBuffer.wrap(FakeCluster.bytes(2, 20 * STRIPE)));
            fs.fsync(handle);
          });
      assertThrows(AshlarException.class, () -> fs.release(handle));
      FakeCluster.await("nothing held", () -> fs.heldBytes() == 0);
    }
  }

  @Test
  void whereNoDiskIsLeftTheMasterSaysWhy() throws Exception {
    try (FakeCluster cluster = new FakeCluster(POLICY.width(), POLICY);
        AshlarFileSystem fs = cluster.connect()) {
      cluster.state.placed(index -> 0L);
      cluster.masterFault =
          request ->
              request instanceof MasterRequest.Submit s
                      && s.command() instanceof Command.Allocate a
                      && a.fresh()
                  ? new AshlarException(ErrorCode.NO_SPACE, "add disks or delete files")
                  : null;
      AshlarException e =
          assertThrows(
              AshlarException.class,
              () -> FakeCluster.put(fs, "f", FakeCluster.bytes(1, 200 * STRIPE)));
      assertEquals(ErrorCode.NO_SPACE, e.code());
      assertTrue(e.getMessage().contains("add disks or delete files"), e.getMessage());
      assertEquals(0, fs.heldBytes());
    }
  }

  @Test
  void serversThatFailInTheMiddleOfAChunkAreReplacedFromMemory() throws Exception {
    try (FakeCluster cluster = new FakeCluster(POLICY.width() + 2, POLICY);
        AshlarFileSystem fs = cluster.connect()) {
      byte[] content = FakeCluster.bytes(7, 100 * STRIPE);
      Attr attr;
      try (FileWriter writer = fs.stage(Attr.ROOT, "f", StageOptions.DEFAULT)) {
        writer.write(ByteBuffer.wrap(content, 0, 60 * STRIPE));
        cluster.servers.get(2).fault(FakeChunkServer.Fault.REFUSE);
        cluster.servers.get(4).die();
        writer.write(ByteBuffer.wrap(content, 60 * STRIPE, 40 * STRIPE));
        attr = writer.commit();
      }
      assertArrayEquals(content, FakeCluster.get(fs, attr.inode()));
      assertTrue(fs.stats().restartedChunks() > 0);
      assertEquals(0, fs.heldBytes());
    }
  }

  @Test
  void whatIsNotCommittedNeverWas() throws Exception {
    try (FakeCluster cluster = new FakeCluster(POLICY.width(), POLICY);
        AshlarFileSystem fs = cluster.connect()) {
      try (FileWriter writer = fs.stage(Attr.ROOT, "f", StageOptions.DEFAULT)) {
        writer.write(ByteBuffer.wrap(FakeCluster.bytes(7, 10 * STRIPE)));
      }
      assertEquals(
          ErrorCode.NOT_FOUND,
          assertThrows(AshlarException.class, () -> fs.lookup(Attr.ROOT, "f")).code());
      FakeCluster.await("nothing staged", () -> cluster.state.stagedChunks() == 0);
      FakeCluster.await("nothing held", () -> fs.heldBytes() == 0);
    }
  }

  @Test
  void memoryStaysWithinItsBound() throws Exception {
    Policy policy = Policy.parse("rs-3-2");
    try (FakeCluster cluster = new FakeCluster(policy.width(), policy);
        AshlarFileSystem fs =
            AshlarFileSystem.connect(cluster.config().withMemoryBytes(16 << 20))) {
      byte[] content = FakeCluster.bytes(9, 30 << 20);
      long most = 0;
      Attr attr;
      try (FileWriter writer = fs.stage(Attr.ROOT, "f", StageOptions.DEFAULT)) {
        for (int at = 0; at < content.length; at += 1 << 18) {
          writer.write(ByteBuffer.wrap(content, at, Math.min(1 << 18, content.length - at)));
          most = Math.max(most, fs.heldBytes());
        }
        attr = writer.commit();
      }
      assertTrue(most <= 16 << 20, "held " + most);
      assertArrayEquals(content, FakeCluster.get(fs, attr.inode()));
      assertEquals(0, fs.heldBytes());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"rs-3-2", "rs-10-4-256k"})
  void manyWritersShareTheMemory(String text) throws Exception {
    Policy policy = Policy.parse(text);
    try (FakeCluster cluster = new FakeCluster(policy.width(), policy);
        AshlarFileSystem fs =
            AshlarFileSystem.connect(cluster.config().withMemoryBytes(16 << 20))) {
      var threads = new ArrayList<Thread>();
      var failures = new java.util.concurrent.ConcurrentLinkedQueue<Throwable>();
      for (int t = 0; t < 12; t++) {
        int id = t;
        threads.add(
            Thread.ofVirtual()
                .start(() -> {
                  try {
                    byte[] content = FakeCluster.bytes(id, (2 << 20) + id);
                    Attr attr = FakeCluster.put(fs, "f" + id, content);
                    assertArrayEquals(content, FakeCluster.get(fs, attr.inode()));
                  } catch (Throwable e) {
                    failures.add(e);
                  }
                }));
      }
      for (Thread thread : threads) {
        assertTrue(thread.join(Duration.ofSeconds(60)));
      }
      assertTrue(failures.isEmpty(), () -> failures.toString());
      assertEquals(0, fs.heldBytes());
    }
  }

  /** Writers that all have a part of what they need would wait for each other. */
  @Test
  void noWriterWaitsForMemoryWithHalfABatch() throws Exception {
    Policy policy = Policy.parse("rs-4-2-1024k");
    int writers = 4; // whose data alone fills the memory
    byte[] content = FakeCluster.bytes(1, policy.stripeBytes() - 1);
    try (FakeCluster cluster = new FakeCluster(policy.width(), policy);
        AshlarFileSystem fs =
            AshlarFileSystem.connect(cluster.config().withMemoryBytes(16 << 20))) {
      CountDownLatch go = new CountDownLatch(1);
      AtomicInteger wrote = new AtomicInteger();
      List<FutureTask<Attr>> puts = new ArrayList<>();
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < writers; i++) {
        FileWriter writer =
            fs.stage(Attr.ROOT, "f" + i, StageOptions.DEFAULT.withExpectedSize(content.length));
        puts.add(
            new FutureTask<>(() -> {
              try (writer) {
                writer.write(ByteBuffer.wrap(content));
                wrote.incrementAndGet();
                go.await();
                return writer.commit();
              }
            }));
        threads.add(Thread.ofPlatform().start(puts.getLast()));
      }
      FakeCluster.await(
          "all wrote or wait for memory",
          () ->
              wrote.get()
                      + threads.stream()
                          .filter(t -> t.getState() == Thread.State.TIMED_WAITING)
                          .count()
                  >= writers);
      go.countDown();
      for (FutureTask<Attr> put : puts) {
        assertArrayEquals(content, FakeCluster.get(fs, put.get().inode()));
      }
      assertEquals(0, fs.heldBytes());
    }
  }

  /** The widest stripes that a client with the least memory may write, in even and odd pieces. */
  @ParameterizedTest
  @ValueSource(strings = {"rs-28-4-256k", "rs-12-2-528k"})
  void theLeastMemorySufficesForOneWriter(String text) throws Exception {
    Policy policy = Policy.parse(text);
    try (FakeCluster cluster = new FakeCluster(policy.width(), policy);
        AshlarFileSystem fs =
            AshlarFileSystem.connect(
                cluster.config().withMemoryBytes(ClientConfig.MIN_MEMORY_BYTES))) {
      byte[] content = FakeCluster.bytes(1, 3 * policy.stripeBytes() + 12345);
      Attr attr = FakeCluster.put(fs, "f", content);
      assertArrayEquals(content, FakeCluster.get(fs, attr.inode()));
      assertEquals(0, fs.heldBytes());
    }
  }

  /** What a short file does not need is not kept from others while it is sent. */
  @Test
  void aShortFileHoldsWhatItNeeds() throws Exception {
    try (FakeCluster cluster = new FakeCluster(POLICY.width(), POLICY);
        AshlarFileSystem fs = cluster.connect()) {
      FileHandle handle = fs.create(Attr.ROOT, "f", 0644, true, "");
      cluster.servers.forEach(s -> s.fault(FakeChunkServer.Fault.STALL));
      fs.append(handle, ByteBuffer.wrap(new byte[1]));
      assertEquals((long) POLICY.width() * POLICY.cellBytes(), fs.heldBytes());
      Thread sync =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  fs.fsync(handle);
                } catch (AshlarException e) {
                  throw new AssertionError(e);
                }
              });
      FakeCluster.await(
          "sent", () -> cluster.servers.stream().filter(FakeChunkServer::stalling).count() == 3);
      assertEquals(3L * POLICY.cellBytes(), fs.heldBytes(), "one block and its parity");
      cluster.servers.forEach(s -> s.fault(FakeChunkServer.Fault.NONE));
      sync.join();
      fs.release(handle);
      assertEquals(0, fs.heldBytes());
    }
  }
}
