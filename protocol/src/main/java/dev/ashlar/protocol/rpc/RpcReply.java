package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.message.Message;
import io.netty.buffer.ByteBuf;

/**
 * A successful answer. The receiver owns the payload and closes the reply to release it.
 *
 * @param payload direct memory, empty if there was none
 */
public record RpcReply(Message message, ByteBuf payload) implements AutoCloseable {
  @Override
  public void close() {
    payload.release();
  }
}
