package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Message;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests to servers of one role, one multiplexed connection per address. Thread-safe. A connection is made at the first request and again after it was
 * lost; while an address refuses, requests to it fail at once for a short time.
 */
public final class RpcClient implements AutoCloseable {
  private final String name;
  private final Role expected;
  private final ConcurrentHashMap<String, ClientConnection> connections = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /**
   * A client without connections.
   *
   * @param name for log lines
   * @param expected role that a server must have
   */
  public RpcClient(String name, Role expected) {
    this.name = name;
    this.expected = expected;
  }

  /**
   * Sends a request. The future is completed on an event loop, which must not be blocked, and fails only with {@link AshlarException}: UNAVAILABLE if there is no
   * connection (nothing was sent), TIMEOUT if the outcome is unknown, else what the server answered. Whoever takes the reply closes it.
   *
   * @param address host:port
   * @param payload ownership passes, also on failure
   */
  public CompletableFuture<RpcReply> send(String address, Message message, @Nullable ByteBuf payload, Duration timeout) {
    ByteBuf bytes = payload == null ? Unpooled.EMPTY_BUFFER : payload;
    if (closed) {
      bytes.release();
      return CompletableFuture.failedFuture(new AshlarException(ErrorCode.UNAVAILABLE, name + " is closed"));
    }
    return connections.computeIfAbsent(address, a -> new ClientConnection(name, a, expected)).send(message, bytes, timeout);
  }

  /** {@link #send} that waits. Meant for virtual threads, never for event loops. */
  public RpcReply call(String address, Message message, @Nullable ByteBuf payload, Duration timeout) throws AshlarException {
    CompletableFuture<RpcReply> future = send(address, message, payload, timeout);
    try {
      return future.get();
    } catch (InterruptedException e) {
      var _ = future.thenAccept(RpcReply::close);
      Thread.currentThread().interrupt();
      throw new AshlarException(ErrorCode.TIMEOUT, "Interrupted while waiting for " + address, e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof AshlarException known) {
        throw known;
      }
      throw new AshlarException(ErrorCode.INTERNAL, "Request to " + address + " failed: " + e.getCause(), e);
    }
  }

  /** {@link #call} without payload. */
  public RpcReply call(String address, Message message, Duration timeout) throws AshlarException {
    return call(address, message, null, timeout);
  }

  @Override
  public void close() {
    closed = true;
    connections.values().forEach(ClientConnection::close);
  }
}
