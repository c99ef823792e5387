package dev.ashlar.simulation;

import dev.ashlar.chunkserver.server.ChunkServer;
import dev.ashlar.chunkserver.server.ChunkServerConfig;
import dev.ashlar.chunkserver.server.ChunkServerConfig.DiskDir;
import dev.ashlar.chunkserver.server.Outside;
import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.chunkserver.store.DiskOptions;
import dev.ashlar.chunkserver.store.DiskStore;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.rpc.RpcHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** A machine that runs a chunk server with one disk. */
final class ServerMachine extends Machine {
  private static final long CAPACITY = 256L << 20;

  private final ChunkServerConfig config;
  private final DiskOptions options;
  private final SimNetwork network;
  private final Watch watch;
  private SimDisk disk;
  private @Nullable BlockStore store;

  /** Puts somebody who watches between a store and its users. */
  interface Watch {
    BlockStore wrap(ServerMachine machine, BlockStore store, SimIo io);
  }

  /**
   * @param watch wraps each store that is opened
   */
  ServerMachine(
      ChunkServerConfig config,
      DiskOptions options,
      Scheduler scheduler,
      SimNetwork network,
      Random random,
      Watch watch) {
    super(config.name(), scheduler, random);
    this.config = config;
    this.options = options;
    this.network = network;
    this.watch = watch;
    disk = newDisk();
  }

  private SimDisk newDisk() {
    return new SimDisk(random().nextLong() >>> 1, CAPACITY, new Random(random().nextLong()));
  }

  SimDisk disk() {
    return disk;
  }

  /** The store that runs, if one does. */
  @Nullable BlockStore store() {
    return up() ? store : null;
  }

  /** The disk is replaced by an empty one. */
  void wipe() {
    crash(true, -1);
    scheduler()
        .after(
            1,
            () -> {
              disk = newDisk();
              start();
            });
  }

  @Override
  void run(SimWorld world) {
    world.startLight("main", () -> serve(world));
  }

  private void serve(SimWorld world) {
    try {
      var _ = ChunkServer.start(config, new SimOutside(world, disk));
    } catch (IOException e) {
      scheduler().trace().note(scheduler().nowNs(), name() + " does not start: " + e.getMessage());
      crash(false, -1);
    }
  }

  @Override
  void crashed(boolean power) {
    store = null;
    if (power) {
      disk.powerCut();
    } else {
      disk.killed();
    }
  }

  private final class SimOutside implements Outside {
    private final SimWorld world;
    private final SimDisk mine;

    SimOutside(SimWorld world, SimDisk mine) {
      this.world = world;
      this.mine = mine;
    }

    @Override
    public World world() {
      return world;
    }

    @Override
    public Port listen(InetSocketAddress bind, String name, RpcHandler handler) {
      network.listen(config.advertise(), world.life(), handler);
      return new Port() {
        @Override
        public InetSocketAddress address() {
          return bind;
        }

        @Override
        public void close() {
          network.close(config.advertise());
        }
      };
    }

    @Override
    public Sender masters(String name) {
      return new SimSender(network, world);
    }

    @Override
    public Sender servers(String name) {
      return new SimSender(network, world);
    }

    @Override
    public BlockStore open(DiskDir dir) throws IOException {
      SimIo io = new SimIo(mine, world, ServerMachine.this::io);
      BlockStore opened = DiskStore.open(new SimHome(mine, io, dir.path()), options, world);
      BlockStore watched = watch.wrap(ServerMachine.this, opened, io);
      store = watched;
      return watched;
    }
  }
}
