package dev.ashlar.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Attr;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ReadFaultsTest {
  private static final Policy POLICY = Policy.parse("rs-3-2-16k");
  private static final int STRIPE = POLICY.stripeBytes();

  enum Loss {
    REFUSED,
    CORRUPT,
    STALLED,
    GONE
  }

  private static void inflict(FakeCluster cluster, Loss loss, int server) {
    FakeChunkServer victim = cluster.servers.get(server);
    switch (loss) {
      case REFUSED -> victim.fault(FakeChunkServer.Fault.REFUSE);
      case CORRUPT -> victim.fault(FakeChunkServer.Fault.CORRUPT);
      case STALLED -> victim.fault(FakeChunkServer.Fault.STALL);
      case GONE -> victim.keys().forEach(victim::drop);
    }
  }

  @ParameterizedTest
  @EnumSource(Loss.class)
  void everyPatternOfLossesWithinThePolicyIsInvisible(Loss loss) throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    int[] sizes = {1, 16 << 10, (16 << 10) + 1, STRIPE - 1, STRIPE + 20_000, 5 * STRIPE + 40_000};
    for (int pattern = 1; pattern < 1 << POLICY.width(); pattern++) {
      if (Integer.bitCount(pattern) > POLICY.m()
          || (loss == Loss.STALLED && random.nextInt(3) > 0)) {
        continue;
      }
      try (FakeCluster cluster = new FakeCluster(POLICY.width(), POLICY);
          AshlarFileSystem fs = cluster.connect()) {
        List<byte[]> contents = new ArrayList<>();
        List<Attr> attrs = new ArrayList<>();
        for (int size : sizes) {
          contents.add(FakeCluster.bytes(seed + size, size));
          attrs.add(FakeCluster.put(fs, "f" + size, contents.getLast()));
        }
        for (int i = 0; i < POLICY.width(); i++) {
          if ((pattern >> i & 1) == 1) {
            inflict(cluster, loss, i);
          }
        }
        for (int f = 0; f < sizes.length; f++) {
          String what = loss + " pattern " + Integer.toBinaryString(pattern) + " size " + sizes[f];
          assertArrayEquals(contents.get(f), FakeCluster.get(fs, attrs.get(f).inode()), what);
          int from = random.nextInt(sizes[f]);
          int to = from + 1 + random.nextInt(sizes[f] - from);
          assertArrayEquals(
              Arrays.copyOfRange(contents.get(f), from, to),
              FakeCluster.get(fs, attrs.get(f).inode(), from, to - from),
              what + " from " + from + " to " + to);
        }
        assertEquals(0, fs.heldBytes());
      }
    }
  }

  @Test
  void corruptBlocksAreReported() throws Exception {
    try (FakeCluster cluster = new FakeCluster(POLICY.width(), POLICY);
        AshlarFileSystem fs = cluster.connect()) {
      byte[] content = FakeCluster.bytes(1, 3 * STRIPE);
      Attr attr = FakeCluster.put(fs, "f", content);
      cluster.servers.get(1).fault(FakeChunkServer.Fault.CORRUPT);
      assertArrayEquals(content, FakeCluster.get(fs, attr.inode()));
      FakeCluster.await("a report", () -> !cluster.state.reportedBlocks().isEmpty());
      assertEquals(new BlockKey(1, 1, 1), cluster.state.reportedBlocks().getFirst());
      assertTrue(fs.stats().corruptBlocks() > 0);
    }
  }

  @ParameterizedTest
  @EnumSource(Loss.class)
  void lossesBeyondThePolicyAreNamed(Loss last) throws Exception {
    try (FakeCluster cluster = new FakeCluster(POLICY.width(), POLICY);
        AshlarFileSystem fs =
            AshlarFileSystem.connect(cluster.config().withBlockTimeout(Duration.ofMillis(300)))) {
      Attr attr = FakeCluster.put(fs, "f", FakeCluster.bytes(1, 3 * STRIPE));
      for (int i = 0; i < POLICY.m(); i++) {
        inflict(cluster, Loss.GONE, i);
      }
      inflict(cluster, last, POLICY.m());
      AshlarException e =
          assertThrows(AshlarException.class, () -> FakeCluster.get(fs, attr.inode()));
      boolean away = last == Loss.STALLED;
      assertEquals(away ? ErrorCode.DATA_AWAY : ErrorCode.DATA_LOST, e.code());
      assertTrue(e.getMessage().contains("file " + attr.inode()), e.getMessage());
      assertTrue(e.getMessage().contains("chunk 0"), e.getMessage());
      for (int i = 0; i <= POLICY.m(); i++) {
        assertEquals(2, e.getMessage().split("block " + i + " ", -1).length, e.getMessage());
      }
      assertEquals(0, fs.heldBytes());
    }
  }

  @Test
  void aReaderGetsOneVersionOrAConflict() throws Exception {
    try (FakeCluster cluster = new FakeCluster(POLICY.width(), POLICY);
        AshlarFileSystem fs = cluster.connect()) {
      Attr attr = FakeCluster.put(fs, "f", FakeCluster.bytes(1, 3 * STRIPE));
      try (FileReader reader = fs.reader(attr.inode())) {
        FileHandle handle = fs.open(attr.inode(), OpenMode.WRITE);
        fs.append(handle, java.nio.ByteBuffer.wrap(FakeCluster.bytes(2, 100)));
        fs.release(handle);
        for (FakeChunkServer server : cluster.servers) {
          server.keys().stream().filter(k -> k.version() == 1).forEach(server::drop);
        }
        AshlarException e =
            assertThrows(
                AshlarException.class,
                () -> reader.read(0, java.nio.ByteBuffer.allocate(3 * STRIPE)));
        assertEquals(ErrorCode.CONFLICT, e.code());
      }
    }
  }

  @Test
  void sequentialReadsOfAnySizeSeeTheSameBytes() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    try (FakeCluster cluster = new FakeCluster(POLICY.width(), POLICY);
        AshlarFileSystem fs = cluster.connect()) {
      byte[] content = FakeCluster.bytes(seed, 40 * STRIPE + 777);
      Attr attr = FakeCluster.put(fs, "f", content);
      try (FileReader reader = fs.reader(attr.inode())) {
        for (int round = 0; round < 5; round++) {
          int at = random.nextInt(content.length);
          while (at < content.length) {
            java.nio.ByteBuffer target = java.nio.ByteBuffer.allocate(1 + random.nextInt(200_000));
            int count = reader.read(at, target);
            assertEquals(Math.min(target.capacity(), content.length - at), count);
            assertArrayEquals(
                Arrays.copyOfRange(content, at, at + count), Arrays.copyOf(target.array(), count));
            at += count;
          }
          assertEquals(-1, reader.read(content.length, java.nio.ByteBuffer.allocate(1)));
        }
      }
      assertEquals(0, fs.heldBytes());
    }
  }

  /** Other readers of a large file may push a page out the moment it has come. */
  @Test
  void aPageOfTheLayoutThatIsNotKeptIsNoHole() throws Exception {
    try (FakeCluster cluster = new FakeCluster(POLICY.width(), POLICY);
        AshlarFileSystem fs = cluster.connect()) {
      Attr attr = FakeCluster.put(fs, "f", FakeCluster.bytes(1, 1000));
      Layout forgetful = new Layout(fs.services().masters(), "f", attr, List.of(), 0);
      assertNotNull(forgetful.chunk(0));
      assertNull(forgetful.chunk(1));
    }
  }
}
