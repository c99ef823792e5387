package dev.ashlar.chunkserver.server;

import dev.ashlar.chunkserver.server.ChunkServerConfig.DiskDir;
import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.rpc.RpcHandler;
import dev.ashlar.protocol.rpc.RpcSender;
import java.io.IOException;
import java.net.InetSocketAddress;

/** All that a chunk server has to do with: clocks, network, disks. Thread-safe. */
public interface Outside {
  World world();

  /**
   * Takes requests from now on.
   *
   * @throws IOException if the port is taken
   */
  Port listen(InetSocketAddress bind, String name, RpcHandler handler) throws IOException;

  /** Where requests are taken until it is closed. */
  interface Port extends AutoCloseable {
    InetSocketAddress address();

    @Override
    void close();
  }

  /** Requests to masters. */
  Sender masters(String name);

  /** Requests to other chunk servers. */
  Sender servers(String name);

  /** A sender of the caller's own. */
  interface Sender extends RpcSender, AutoCloseable {
    @Override
    void close();
  }

  /** Opens a disk: formats it if need be, recovers what is there. Blocks. */
  BlockStore open(DiskDir dir) throws IOException;
}
