package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Message;
import io.netty.buffer.ByteBuf;
import java.util.List;

/** A request that came in. Answer it exactly once, from any thread. */
public interface RpcRequest {
  Message message();

  /** Direct memory, empty if there was none. The handler owns it and releases it. */
  ByteBuf payload();

  /** Address of the other side, for log lines. */
  String peer();

  void reply(Message message);

  /** @param payload ownership passes */
  void reply(Message message, ByteBuf payload);

  /**
   * Sends parts of files without passing user space.
   *
   * @param onSent runs once the bytes have left or the connection is gone: the files may be closed or changed then
   */
  void reply(Message message, List<FileSlice> payload, Runnable onSent);

  void fail(ErrorCode code, String detail);
}
