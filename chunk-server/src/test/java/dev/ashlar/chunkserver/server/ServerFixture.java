package dev.ashlar.chunkserver.server;

import dev.ashlar.chunkserver.server.ChunkServerConfig.DiskDir;
import dev.ashlar.chunkserver.server.ChunkServerConfig.RebuildLimits;
import dev.ashlar.protocol.message.MasterRequest.DiskReport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Chunk servers with real disks and sockets, a fake master and a client; the random source is
 * seeded and the seed is printed by {@link #toString}.
 */
final class ServerFixture implements AutoCloseable {
  final long seed = Long.getLong("ashlar.seed", System.nanoTime());
  final Random random = new Random(seed);
  final FakeMaster master = new FakeMaster();
  final TestClient client = new TestClient();
  final List<ChunkServer> servers = new ArrayList<>();
  private final Path dir;

  ServerFixture(Path dir) throws IOException {
    this.dir = dir;
  }

  ChunkServerConfig config(String name, int disks) {
    List<DiskDir> dirs = new ArrayList<>();
    for (int i = 0; i < disks; i++) {
      dirs.add(new DiskDir(disk(name, i), 0));
    }
    ChunkServerConfig c =
        ChunkServerConfig.of(
            name,
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            List.of(master.address()),
            List.of(Path.of("unused")));
    RebuildLimits limits =
        new RebuildLimits(2, 1L << 40, 1L << 40, 256 << 10, Duration.ofSeconds(5));
    return c.withDisks(dirs)
        .withRebuild(limits)
        .withTiming(ChunkServerConfig.Timing.DEFAULT.withHeartbeat(Duration.ofMillis(20)));
  }

  Path disk(String name, int number) {
    return dir.resolve(name).resolve("disk-" + number);
  }

  /** Starts a server and waits until it has its keys. */
  ChunkServer start(ChunkServerConfig config) throws IOException, InterruptedException {
    ChunkServer server = ChunkServer.start(config);
    servers.add(server);
    master.heartbeat(
        config.name(), h -> h.address().equals(server.advertised()) && server.connected());
    return server;
  }

  ChunkServer start(String name) throws IOException, InterruptedException {
    return start(config(name, 1));
  }

  static long disk(ChunkServer server) {
    return server.disks().getFirst().disk();
  }

  static DiskReport report(ChunkServer server) {
    return server.disks().getFirst();
  }

  void stop(ChunkServer server) {
    servers.remove(server);
    server.close();
  }

  byte[] bytes(int length) {
    byte[] b = new byte[length];
    random.nextBytes(b);
    return b;
  }

  @Override
  public String toString() {
    return "run again with -Dashlar.seed=" + seed;
  }

  @Override
  public void close() {
    servers.forEach(ChunkServer::close);
    client.close();
    master.close();
  }
}
