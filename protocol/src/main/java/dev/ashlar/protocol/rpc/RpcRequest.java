package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Message;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A request that a server received. Exactly one of the reply and fail methods must be called, once,
 * on any thread; a second one is an IllegalStateException. Where the connection is gone by then,
 * the reply is dropped and what it held is released all the same.
 */
public interface RpcRequest {
  Message message();

  /**
   * Direct memory, empty if there was none. Owned by the handler, which releases it; also when it
   * fails the request.
   */
  ByteBuf payload();

  /** Address of the other side, for people. */
  String peer();

  void reply(Message message);

  /**
   * @param payload ownership passes, in any case
   */
  void reply(Message message, ByteBuf payload);

  /**
   * Replies with bytes of files.
   *
   * @param onSent run once, when the files are no longer needed: they were sent, or never will be.
   *     Runs on an event loop or the calling thread; must not block
   */
  default void reply(Message message, List<FileSlice> payload, Runnable onSent) {
    reply(message, payload, (@Nullable Throwable _) -> onSent.run());
  }

  /**
   * Replies with bytes of files, and learns what became of it: a file that cannot be read ends the
   * connection, and nobody else can tell why.
   *
   * @param onSent run once, when the files are no longer needed, with why the reply could not be
   *     sent whole, or null. Runs on an event loop or the calling thread; must not block
   */
  void reply(Message message, List<FileSlice> payload, Consumer<@Nullable Throwable> onSent);

  /**
   * @param detail one sentence for a person (NOT_LEADER: the leader's address, or empty)
   */
  void fail(ErrorCode code, String detail);

  default void fail(AshlarException error) {
    fail(error.code(), error.getMessage());
  }
}
