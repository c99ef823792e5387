package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Message;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Sends requests to servers of one role. Thread-safe. */
public final class RpcClient implements AutoCloseable {
  private final String name;

  /**
   * @param name for threads and logs
   * @param expectedRole what the servers must be
   */
  public RpcClient(String name, Role expectedRole) {
    this.name = name + expectedRole;
  }

  /**
   * Sends a request. The future fails with {@link AshlarException}: UNAVAILABLE if nothing was sent (no connection, wrong role), RETRY if too much waits to be sent already,
   * TIMEOUT if the outcome is unknown (connection lost, no answer in time), else the code the server answered. It is completed on an event loop: what hangs on it must not block.
   *
   * @param hostPort as in {@code 10.0.0.1:7420}
   * @param payload ownership passes, in any case
   */
  public CompletableFuture<RpcReply> send(String hostPort, Message message, @Nullable ByteBuf payload, Duration timeout) {
    return CompletableFuture.failedFuture(new AshlarException(ErrorCode.UNAVAILABLE, name));
  }

  /** {@link #send}, waiting for the answer; for virtual threads. The caller closes the reply. */
  public RpcReply call(String hostPort, Message message, @Nullable ByteBuf payload, Duration timeout) throws AshlarException {
    try {
      return send(hostPort, message, payload, timeout).get();
    } catch (java.util.concurrent.ExecutionException | InterruptedException e) {
      throw new AshlarException(ErrorCode.TIMEOUT, name, e);
    }
  }

  /** {@link #call} without payload. */
  public RpcReply call(String hostPort, Message message, Duration timeout) throws AshlarException {
    return call(hostPort, message, null, timeout);
  }

  /** Closes all connections; requests under way fail. */
  @Override
  public void close() {}
}
