package dev.ashlar.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.MasterRequest;
import java.nio.ByteBuffer;
import java.util.LinkedHashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RoundTripTest {
  private static final int SLICE = 16 << 10;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rs-6-3-16k",
        "rs-6-3",
        "xor-2-1-16k",
        "mirror-3-16k",
        "rs-3-2-48k",
        "rs-1-1",
        "rs-2-0-16k"
      })
  void whatIsPutIsGot(String text) throws Exception {
    Policy policy = Policy.parse(text);
    long seed = System.nanoTime();
    System.out.println("seed " + seed + " policy " + text);
    Random random = new Random(seed);
    Set<Integer> sizes = new LinkedHashSet<>();
    for (int around :
        new int[] {
          0,
          SLICE,
          policy.cellBytes(),
          policy.stripeBytes(),
          2 * policy.stripeBytes(),
          512 << 10,
          3 << 20
        }) {
      for (int d = -1; d <= 1; d++) {
        sizes.add(Math.max(0, around + d));
      }
    }
    for (int i = 0; i < 10; i++) {
      sizes.add(random.nextInt(4 << 20));
    }
    try (FakeCluster cluster = new FakeCluster(policy.width() + 1, policy);
        AshlarFileSystem fs = cluster.connect()) {
      for (int size : sizes) {
        byte[] content = FakeCluster.bytes(seed + size, size);
        Attr attr = FakeCluster.put(fs, "f" + size, content);
        assertEquals(size, attr.size());
        assertArrayEquals(content, FakeCluster.get(fs, attr.inode()), "size " + size);
        for (int i = 0; i < 5 && size > 0; i++) {
          int from = random.nextInt(size);
          int length = random.nextInt(size - from) + 1;
          byte[] expected = java.util.Arrays.copyOfRange(content, from, from + length);
          assertArrayEquals(
              expected,
              FakeCluster.get(fs, attr.inode(), from, length),
              "size " + size + " from " + from + " length " + length);
        }
        assertEquals(0, fs.heldBytes(), "memory after size " + size);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mirror-2-16k", "xor-2-1", "rs-3-2-48k"})
  void filesOfSeveralChunks(String text) throws Exception {
    Policy policy = Policy.parse(text);
    long seed = System.nanoTime();
    System.out.println("seed " + seed + " policy " + text);
    try (FakeCluster cluster = new FakeCluster(policy.width() + 2, policy);
        AshlarFileSystem fs = cluster.connect()) {
      for (long size :
          new long[] {
            policy.chunkBytes() - 1,
            policy.chunkBytes(),
            policy.chunkBytes() + 1,
            3 * policy.chunkBytes() + 12345
          }) {
        byte[] content = FakeCluster.bytes(seed, (int) size);
        Attr attr = FakeCluster.put(fs, "f", content);
        assertArrayEquals(content, FakeCluster.get(fs, attr.inode()), "size " + size);
        assertEquals(0, fs.heldBytes());
      }
    }
  }

  /** A name that always has a file must never seem to have none. */
  @Test
  void aFileThatIsReplacedBeforeItIsOpenedIsReadAsItIsNow() throws Exception {
    try (FakeCluster cluster = new FakeCluster(3, Policy.parse("xor-2-1-16k"));
        AshlarFileSystem fs = cluster.connect()) {
      byte[] newest = FakeCluster.bytes(3, 3000);
      long first = FakeCluster.put(fs, "f", FakeCluster.bytes(1, 1000)).inode();
      long second = FakeCluster.put(fs, "g", FakeCluster.bytes(2, 2000)).inode();
      FakeCluster.put(fs, "h", newest);
      cluster.masterFault =
          request -> {
            if (request instanceof MasterRequest.GetLayout g && g.inode() == first) {
              cluster.state.replace("f", "g");
            } else if (request instanceof MasterRequest.GetLayout g && g.inode() == second) {
              cluster.state.replace("f", "h");
            }
            return null;
          };
      try (FileReader reader = fs.reader("/f")) {
        ByteBuffer content = ByteBuffer.allocate(newest.length);
        assertEquals(newest.length, reader.read(0, content));
        assertArrayEquals(newest, content.array());
      }
      fs.unlink(Attr.ROOT, "f");
      assertEquals(
          ErrorCode.NOT_FOUND, assertThrows(AshlarException.class, () -> fs.reader("/f")).code());
    }
  }
}
