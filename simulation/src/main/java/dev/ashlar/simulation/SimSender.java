package dev.ashlar.simulation;

import dev.ashlar.chunkserver.server.Outside;
import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.rpc.RpcReply;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One process's way into the network. */
final class SimSender implements Outside.Sender {
  private final SimNetwork network;
  private final SimWorld world;

  SimSender(SimNetwork network, SimWorld world) {
    this.network = network;
    this.world = world;
  }

  @Override
  public CompletableFuture<RpcReply> send(
      String address, Message message, @Nullable ByteBuf payload, Duration timeout) {
    return network.send(world, world.life().name(), address, message, payload, timeout);
  }

  @Override
  public void close() {}
}
