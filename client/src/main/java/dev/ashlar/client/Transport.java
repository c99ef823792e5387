package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.rpc.RpcReply;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Requests to servers of one role. Thread-safe. The seam between the deciding code and the network.
 */
interface Transport extends AutoCloseable {
  /**
   * Sends a request. The future fails with {@link AshlarException}: UNAVAILABLE if nothing was
   * sent, TIMEOUT if the outcome is unknown, else what the server said. It is completed within
   * {@code timeout} on a thread that must not block.
   *
   * @param payload ownership passes, also on failure; its memory is read until it is released,
   *     which can be after a timeout
   */
  CompletableFuture<RpcReply> send(
      String address, Message message, @Nullable ByteBuf payload, Duration timeout);

  /** {@link #send} without a payload, waiting for the answer. */
  default RpcReply call(String address, Message message, Duration timeout) throws AshlarException {
    return join(send(address, message, null, timeout));
  }

  /** Waits for an answer that comes, or fails, within its own timeout. */
  static RpcReply join(CompletableFuture<RpcReply> future) throws AshlarException {
    try {
      return future.get();
    } catch (InterruptedException e) {
      discard(future);
      Thread.currentThread().interrupt();
      throw new AshlarException(
          ErrorCode.TIMEOUT,
          "Interrupted while waiting for an answer: the operation may or may not have happened",
          e);
    } catch (ExecutionException e) {
      throw asAshlar(e.getCause() == null ? e : e.getCause());
    }
  }

  /** Releases an answer that nobody waits for any more, when it comes. */
  static void discard(CompletableFuture<RpcReply> future) {
    var _ =
        future.whenComplete((reply, error) -> {
          if (reply != null) {
            reply.close();
          }
        });
  }

  /** The exception itself, or a new one that wraps what nobody expected. */
  static AshlarException asAshlar(Throwable error) {
    Throwable cause =
        error instanceof java.util.concurrent.CompletionException && error.getCause() != null
            ? error.getCause()
            : error;
    return cause instanceof AshlarException known
        ? known
        : new AshlarException(
            ErrorCode.INTERNAL, "Unexpected failure of a request: " + cause, cause);
  }

  @Override
  void close();
}
