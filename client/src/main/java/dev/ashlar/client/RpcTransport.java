package dev.ashlar.client;

import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.rpc.Role;
import dev.ashlar.protocol.rpc.RpcClient;
import dev.ashlar.protocol.rpc.RpcReply;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The network as it is. */
final class RpcTransport implements Transport {
  private final RpcClient client;

  RpcTransport(String name, Role expected) {
    this.client = new RpcClient(name, expected);
  }

  @Override
  public CompletableFuture<RpcReply> send(
      String address, Message message, @Nullable ByteBuf payload, Duration timeout) {
    return client.send(address, message, payload, timeout);
  }

  @Override
  public void close() {
    client.close();
  }
}
