package dev.ashlar.chunkserver.server;

import dev.ashlar.chunkserver.server.ChunkServerConfig.DiskDir;
import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.chunkserver.store.DiskOptions;
import dev.ashlar.chunkserver.store.DiskStore;
import dev.ashlar.protocol.RealWorld;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.rpc.Role;
import dev.ashlar.protocol.rpc.RpcClient;
import dev.ashlar.protocol.rpc.RpcHandler;
import dev.ashlar.protocol.rpc.RpcReply;
import dev.ashlar.protocol.rpc.RpcServer;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Sockets and file systems. */
final class RealOutside implements Outside {
  @Override
  public World world() {
    return RealWorld.INSTANCE;
  }

  @Override
  public Port listen(InetSocketAddress bind, String name, RpcHandler handler) throws IOException {
    RpcServer server = RpcServer.start(bind, name, Role.CHUNK_SERVER, handler);
    return new Port() {
      @Override
      public InetSocketAddress address() {
        return server.address();
      }

      @Override
      public void close() {
        server.close();
      }
    };
  }

  @Override
  public Sender masters(String name) {
    return sender(new RpcClient(name, Role.MASTER));
  }

  @Override
  public Sender servers(String name) {
    return sender(new RpcClient(name, Role.CHUNK_SERVER));
  }

  private static Sender sender(RpcClient client) {
    return new Sender() {
      @Override
      public CompletableFuture<RpcReply> send(
          String address, Message message, @Nullable ByteBuf payload, Duration timeout) {
        return client.send(address, message, payload, timeout);
      }

      @Override
      public void close() {
        client.close();
      }
    };
  }

  @Override
  public BlockStore open(DiskDir dir) throws IOException {
    DiskOptions options = DiskOptions.DEFAULTS.withCapacity(dir.capacityBytes());
    return DiskStore.open(dir.path(), options);
  }
}
