package dev.ashlar.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.rpc.Role;
import dev.ashlar.protocol.rpc.RpcClient;
import io.netty.util.ResourceLeakDetector;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What operations cost in requests and garbage, which no slow machine changes. A figure that grows
 * is a regression until somebody says why it is not.
 */
class WorkPerOperationTest {
  private static final Policy POLICY = Policy.parse("rs-6-3");
  private static final int SMALL = 16 << 10;
  private static final int LARGE = 12 << 20;

  private FakeCluster cluster;
  private RpcClient toMasters;
  private RpcClient toServers;
  private AshlarFileSystem fs;
  private int commands;
  private int queries;
  private int writes;
  private int reads;

  @BeforeEach
  void start() throws Exception {
    cluster = new FakeCluster(POLICY.width(), POLICY);
    toMasters = new RpcClient("client-to-master", Role.MASTER);
    toServers = new RpcClient("client-to-chunk-server", Role.CHUNK_SERVER);
    fs = AshlarFileSystem.connect(cluster.config(), new StillWorld(), toMasters, toServers);
    FakeCluster.put(fs, "opens the session", new byte[1]);
    mark();
  }

  @AfterEach
  void stop() {
    fs.close();
    toMasters.close();
    toServers.close();
    cluster.close();
  }

  private void mark() {
    commands = cluster.state.count("Submit");
    queries = cluster.state.count("GetLayout");
    writes = cluster.servers.stream().mapToInt(FakeChunkServer::writes).sum();
    reads = cluster.servers.stream().mapToInt(FakeChunkServer::reads).sum();
  }

  private int commands() {
    return cluster.state.count("Submit") - commands;
  }

  private int writes() {
    return cluster.servers.stream().mapToInt(FakeChunkServer::writes).sum() - writes;
  }

  private int reads() {
    return cluster.servers.stream().mapToInt(FakeChunkServer::reads).sum() - reads;
  }

  @Test
  void aSmallFileByItself() throws Exception {
    StageOptions alone = StageOptions.DEFAULT.withExpectedSize(1 << 20);
    byte[] content = FakeCluster.bytes(1, SMALL);
    Attr attr = FakeCluster.put(fs, "f", content, alone);
    assertEquals(2, commands(), "stage and commit");
    assertEquals(4, writes(), "one block and its parity, sealed with the last bytes");
    mark();
    assertArrayEquals(content, FakeCluster.get(fs, attr.inode()));
    assertEquals(1, cluster.state.count("GetLayout") - queries);
    assertEquals(1, reads(), "the block that has it, hedges aside");
  }

  /** One command each, and one more for the first, which nothing was staged for. */
  @Test
  void smallFilesOneAfterTheOther() throws Exception {
    int files = 60;
    for (int i = 0; i < files; i++) {
      FakeCluster.put(fs, "f" + i, FakeCluster.bytes(i, SMALL));
    }
    assertEquals(files + 1, commands());
    assertEquals(4 * files, writes());
  }

  @Test
  void aLargeFile() throws Exception {
    byte[] content = FakeCluster.bytes(1, LARGE);
    Attr attr = FakeCluster.put(fs, "f", content, StageOptions.DEFAULT.withExpectedSize(LARGE));
    assertEquals(2, commands());
    assertTrue(writes() <= 72, "pieces of up to 512 KiB for each of 9 blocks: " + writes());
    mark();
    assertArrayEquals(content, FakeCluster.get(fs, attr.inode()));
    assertEquals(1, cluster.state.count("GetLayout") - queries);
    assertTrue(reads() <= 60, "reads: " + reads());
  }

  /** Cells and pieces are taken from a pool: what is left does not grow with the bytes. */
  @Test
  void garbageOfTheCallersThread() throws Exception {
    byte[] content = FakeCluster.bytes(1, LARGE);
    StageOptions options = StageOptions.DEFAULT.withExpectedSize(LARGE);
    for (int i = 0; i < 3; i++) {
      FakeCluster.put(fs, "warm" + i, content, options);
    }
    long put = allocated(() -> FakeCluster.put(fs, "f", content, options));
    assertTrue(put < LARGE / 50, "allocated by a put: " + put);
    long inode = fs.lookup(Attr.ROOT, "f").inode();
    for (int i = 0; i < 3; i++) {
      read(inode);
    }
    long get = allocated(() -> read(inode));
    assertTrue(get < LARGE / 20, "allocated by a get: " + get);
  }

  private void read(long inode) throws Exception {
    try (FileReader reader = fs.reader(inode)) {
      assertEquals(LARGE, reader.transferTo(new Sink()));
    }
  }

  /** Takes everything. */
  private static final class Sink implements WritableByteChannel {
    @Override
    public int write(ByteBuffer from) {
      int count = from.remaining();
      from.position(from.limit());
      return count;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  private interface Work {
    void run() throws Exception;
  }

  private static long allocated(Work work) throws Exception {
    ResourceLeakDetector.Level level = ResourceLeakDetector.getLevel();
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED); // it makes garbage
    try {
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long before = threads.getCurrentThreadAllocatedBytes();
      work.run();
      return threads.getCurrentThreadAllocatedBytes() - before;
    } finally {
      ResourceLeakDetector.setLevel(level);
    }
  }
}
