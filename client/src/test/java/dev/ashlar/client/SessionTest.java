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
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SessionTest {
  private static final Policy POLICY = Policy.parse("xor-2-1-16k");

  @Test
  void commandsWhoseAnswerIsLostTakeEffectOnce() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    try (FakeCluster cluster = new FakeCluster(3, POLICY);
        AshlarFileSystem fs = cluster.connect()) {
      cluster.loseAnswer =
          request -> {
            synchronized (random) {
              return random.nextInt(3) == 0;
            }
          };
      ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
      var threads = new java.util.ArrayList<Thread>();
      for (int t = 0; t < 4; t++) {
        int id = t;
        threads.add(
            Thread.ofVirtual()
                .start(() -> {
                  try {
                    for (int i = 0; i < 5; i++) {
                      byte[] content = FakeCluster.bytes(i, 200_000);
                      StageOptions once = StageOptions.DEFAULT.withReplace(false);
                      Attr attr = FakeCluster.put(fs, "f" + id + "-" + i, content, once);
                      assertArrayEquals(content, FakeCluster.get(fs, attr.inode()));
                    }
                  } catch (Throwable e) {
                    failures.add(e);
                  }
                }));
      }
      for (Thread thread : threads) {
        assertTrue(thread.join(Duration.ofSeconds(60)));
      }
      assertTrue(failures.isEmpty(), () -> failures.toString());
      assertEquals(20, cluster.state.count("Stage"));
      assertEquals(20, cluster.state.count("Commit"));
    }
  }

  @Test
  void theLeaderIsFoundWhereverItIs() throws Exception {
    try (FakeCluster cluster = new FakeCluster(3, POLICY, 3);
        AshlarFileSystem fs = cluster.connect()) {
      for (int round = 0; round < 6; round++) {
        cluster.leader = round % 3;
        byte[] content = FakeCluster.bytes(round, 1000);
        Attr attr = FakeCluster.put(fs, "f" + round, content);
        assertArrayEquals(content, FakeCluster.get(fs, attr.inode()));
      }
      cluster.masters.get(0).close();
      cluster.leader = 1;
      assertEquals(1000, fs.lookup(Attr.ROOT, "f0").size());
      cluster.masters.get(1).close();
      cluster.leader = 2;
      assertEquals(1000, fs.lookup(Attr.ROOT, "f0").size());
    }
  }

  @Test
  void anElectionIsWaitedFor() throws Exception {
    try (FakeCluster cluster = new FakeCluster(3, POLICY, 3);
        AshlarFileSystem fs = cluster.connect()) {
      cluster.leader = -1;
      AtomicInteger asked = new AtomicInteger();
      Thread elects =
          Thread.ofVirtual()
              .start(() -> {
                FakeCluster.await("questions", () -> cluster.refused.get() > 5);
                cluster.leader = 2;
                asked.set(cluster.refused.get());
              });
      FakeCluster.put(fs, "f", new byte[100]);
      assertTrue(elects.join(Duration.ofSeconds(10)));
      assertTrue(asked.get() > 5);
    }
  }

  /** The commit was carried out, its answer lost, and then no master leads any more. */
  @Test
  void aCommandThatMayHaveHappenedIsNeverCalledRefused() throws Exception {
    try (FakeCluster cluster = new FakeCluster(3, POLICY, 3);
        AshlarFileSystem fs =
            AshlarFileSystem.connect(cluster.config().withMasterDeadline(Duration.ofMillis(500)))) {
      cluster.loseAnswer =
          request -> {
            boolean commit =
                request instanceof MasterRequest.Submit s && s.command() instanceof Command.Commit;
            if (commit) {
              cluster.leader = -1;
            }
            return commit;
          };
      AshlarException e =
          assertThrows(AshlarException.class, () -> FakeCluster.put(fs, "f", new byte[100]));
      assertEquals(ErrorCode.TIMEOUT, e.code(), e.getMessage());
      assertEquals(1, cluster.state.count("Commit"));
    }
  }

  @Test
  void noMasterIsToldClearly() throws Exception {
    ClientConfig nobody =
        ClientConfig.of("127.0.0.1:1,127.0.0.1:2").withMasterDeadline(Duration.ofMillis(200));
    try (AshlarFileSystem fs = AshlarFileSystem.connect(nobody)) {
      AshlarException e = assertThrows(AshlarException.class, () -> fs.lookup(Attr.ROOT, "f"));
      assertEquals(ErrorCode.UNAVAILABLE, e.code());
      assertTrue(e.getMessage().contains("127.0.0.1:1"), e.getMessage());
    }
  }

  @Test
  void anExpiredSessionIsReplacedWhereNothingWasBegun() throws Exception {
    try (FakeCluster cluster = new FakeCluster(3, POLICY);
        AshlarFileSystem fs = cluster.connect()) {
      FakeCluster.put(fs, "a", new byte[10]);
      try (FileWriter writer =
          fs.stage(Attr.ROOT, "b", StageOptions.DEFAULT.withExpectedSize(1 << 20))) {
        writer.write(java.nio.ByteBuffer.wrap(new byte[10]));
        cluster.state.expireSessions();
        AshlarException e = assertThrows(AshlarException.class, writer::commit);
        assertEquals(ErrorCode.LEASE_LOST, e.code());
      }
      assertEquals(10, FakeCluster.put(fs, "c", new byte[10]).size());
    }
  }

  @Test
  void aRefusalIsNotRepeated() throws Exception {
    try (FakeCluster cluster = new FakeCluster(3, POLICY);
        AshlarFileSystem fs = cluster.connect()) {
      AtomicInteger asked = new AtomicInteger();
      cluster.masterFault =
          request -> {
            if (request instanceof MasterRequest.Lookup) {
              asked.incrementAndGet();
              return new AshlarException(ErrorCode.PERMISSION, "no");
            }
            return null;
          };
      assertThrows(AshlarException.class, () -> fs.lookup(Attr.ROOT, "f"));
      assertEquals(1, asked.get());
    }
  }
}
