package dev.ashlar.client;

import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.rpc.Role;
import dev.ashlar.protocol.rpc.RpcClient;
import dev.ashlar.protocol.rpc.RpcReply;
import dev.ashlar.protocol.rpc.RpcSender;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Some sender, and how it is closed. */
final class RpcTransport implements Transport {
  private final RpcSender sender;
  private final Runnable close;

  /** The network as it is. */
  RpcTransport(String name, Role expected) {
    RpcClient client = new RpcClient(name, expected);
    this.sender = client;
    this.close = client::close;
  }

  /** A sender that its owner closes. */
  RpcTransport(RpcSender sender) {
    this.sender = sender;
    this.close = () -> {};
  }

  @Override
  public CompletableFuture<RpcReply> send(
      String address, Message message, @Nullable ByteBuf payload, Duration timeout) {
    return sender.send(address, message, payload, timeout);
  }

  @Override
  public void close() {
    close.run();
  }
}
