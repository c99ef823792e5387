package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.message.Message;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Sends requests: the seam between deciding code and the network. Thread-safe. */
public interface RpcSender {
  /** How much longer than its timeout a blocking call waits before it gives up on the sender. */
  Duration GRACE = Duration.ofSeconds(5);

  /**
   * Sends a request. The future fails with AshlarException: UNAVAILABLE if nothing was sent,
   * TIMEOUT if the outcome is unknown, else what the server said. It is completed within {@code
   * timeout} on a thread that must not block.
   *
   * @param payload ownership passes, also on failure
   */
  CompletableFuture<RpcReply> send(
      String address, Message message, @Nullable ByteBuf payload, Duration timeout);

  /** {@link #send} without a payload, waiting for the answer, which the caller closes. */
  default RpcReply call(World world, String address, Message message, Duration timeout)
      throws AshlarException {
    CompletableFuture<RpcReply> answer = send(address, message, null, timeout);
    String what = message.getClass().getSimpleName();
    try {
      return world.await(answer, timeout.plus(GRACE).toNanos());
    } catch (ExecutionException e) {
      if (e.getCause() instanceof AshlarException known) {
        throw new AshlarException(known.code(), String.valueOf(known.getMessage()), known);
      }
      throw new AshlarException(
          ErrorCode.INTERNAL, what + " failed unexpectedly: " + e.getCause(), e);
    } catch (TimeoutException e) {
      discard(answer);
      throw new AshlarException(
          ErrorCode.TIMEOUT,
          what + " was not answered in time: it may or may not have happened",
          e);
    } catch (InterruptedException e) {
      discard(answer);
      Thread.currentThread().interrupt();
      throw new AshlarException(
          ErrorCode.TIMEOUT,
          "Interrupted while waiting for the answer to "
              + what
              + ": it may or may not have happened",
          e);
    }
  }

  /** Releases an answer that nobody waits for any more, when it comes. */
  static void discard(CompletableFuture<RpcReply> answer) {
    var _ =
        answer.whenComplete((reply, error) -> {
          if (reply != null) {
            reply.close();
          }
        });
  }
}
