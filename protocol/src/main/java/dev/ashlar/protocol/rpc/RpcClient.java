package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.message.RecordCodec;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests to servers of one role. Keeps a connection to each address it was asked for, and
 * makes it anew when it is lost; while that fails, requests to the address fail at once.
 * Thread-safe.
 */
public final class RpcClient implements RpcSender, AutoCloseable {
  /**
   * How much longer than its timeout a blocking call waits before it gives up on the event loop
   * itself.
   */
  private static final long GRACE_MS = 5000;

  private final String name;
  private final Role expectedRole;
  private final EventLoops loops;
  private final RpcOptions options;
  private final Map<String, Lane[]> lanes = new ConcurrentHashMap<>();
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * A client on the process's {@link EventLoops}.
   *
   * @param name for errors
   * @param expectedRole what the servers must be
   */
  public RpcClient(String name, Role expectedRole) {
    this(name, expectedRole, EventLoops.shared(), RpcOptions.DEFAULT);
  }

  /**
   * @param loops one reference to them passes to the client
   */
  public RpcClient(String name, Role expectedRole, EventLoops loops, RpcOptions options) {
    this.name = name;
    this.expectedRole = expectedRole;
    this.loops = loops;
    this.options = options;
  }

  /**
   * Sends a request. The future fails with {@link AshlarException}: UNAVAILABLE if nothing was sent
   * (no connection, wrong role), UNSUPPORTED_VERSION likewise if the other side speaks another
   * version, RETRY if too much waits to be sent already, TIMEOUT if the outcome is unknown
   * (connection lost, no answer in time), INVALID for a bad address or a message that cannot be
   * encoded, else the code the server answered. It is completed on an event loop, or before this
   * returns: what hangs on it must not block.
   *
   * @param hostPort as in {@code 10.0.0.1:7420}
   * @param payload ownership passes, in any case; its memory may be read until it is released,
   *     which can be after a timeout
   */
  @Override
  public CompletableFuture<RpcReply> send(
      String hostPort, Message message, @Nullable ByteBuf payload, Duration timeout) {
    ByteBuf bytes = payload == null ? Unpooled.EMPTY_BUFFER : payload;
    try {
      Lane lane = lane(hostPort);
      Pending request = prepare(lane, message, bytes, timeout);
      if (!lane.limit().enter(request.payloadBytes())) {
        throw new AshlarException(
            ErrorCode.RETRY,
            "Too many requests wait to be sent to "
                + hostPort
                + ": send fewer at once, or try again");
      }
      lane.submit(request);
      return request.answer();
    } catch (AshlarException e) {
      bytes.release();
      return CompletableFuture.failedFuture(e);
    }
  }

  /**
   * {@link #send}, waiting for room to queue the request and for the answer; for virtual threads.
   * The caller closes the reply.
   *
   * @throws IllegalStateException on an event loop, which must not block: it would wait for itself
   */
  public RpcReply call(
      String hostPort, Message message, @Nullable ByteBuf payload, Duration timeout)
      throws AshlarException {
    ByteBuf bytes = payload == null ? Unpooled.EMPTY_BUFFER : payload;
    if (loops.isCaller()) {
      bytes.release();
      throw new IllegalStateException(
          "A blocking call on an event loop would stop all of its connections: use send, or another thread");
    }
    Pending request;
    try {
      Lane lane = lane(hostPort);
      request = prepare(lane, message, bytes, timeout);
      if (!lane.limit().enter(request.payloadBytes(), timeout.toNanos())) {
        throw new AshlarException(
            ErrorCode.UNAVAILABLE,
            "Too many requests wait to be sent to "
                + hostPort
                + ": "
                + request.what()
                + " was not sent in time");
      }
      lane.submit(request);
    } catch (AshlarException e) {
      bytes.release();
      throw e;
    } catch (InterruptedException e) {
      bytes.release();
      Thread.currentThread().interrupt();
      throw new AshlarException(
          ErrorCode.UNAVAILABLE,
          "Interrupted before " + message.getClass().getSimpleName() + " was sent to " + hostPort,
          e);
    }
    return await(request, timeout);
  }

  /** {@link #call} without payload. */
  public RpcReply call(String hostPort, Message message, Duration timeout) throws AshlarException {
    return call(hostPort, message, null, timeout);
  }

  /** Closes all connections; requests under way fail. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      for (Lane[] each : lanes.values()) {
        for (Lane lane : each) {
          lane.close();
        }
      }
      loops.close();
    }
  }

  private Pending prepare(Lane lane, Message message, ByteBuf payload, Duration timeout)
      throws AshlarException {
    AshlarException reason = lane.closedReason();
    if (reason != null) {
      throw reason;
    }
    String what = message.getClass().getSimpleName();
    byte[] header;
    try {
      header = RecordCodec.encodeMessage(message);
    } catch (RuntimeException e) {
      throw new AshlarException(
          ErrorCode.INVALID, what + " cannot be encoded: " + e.getMessage(), e);
    }
    if (header.length > Frames.HEADER_MAX || payload.readableBytes() > Frames.PAYLOAD_MAX) {
      throw new AshlarException(
          ErrorCode.TOO_LARGE,
          what
              + " has "
              + header.length
              + " bytes and a payload of "
              + payload.readableBytes()
              + ", allowed are "
              + Frames.HEADER_MAX
              + " and "
              + Frames.PAYLOAD_MAX
              + ": split it");
    }
    return new Pending(what, header, payload, System.nanoTime() + timeout.toNanos());
  }

  private Lane lane(String hostPort) throws AshlarException {
    Lane[] known = lanes.get(hostPort);
    if (known == null) {
      if (closed.get()) {
        throw new AshlarException(ErrorCode.UNAVAILABLE, "The client " + name + " is closed");
      }
      try {
        HostPort address = HostPort.parse(hostPort);
        known = lanes.computeIfAbsent(hostPort, _ -> lanesTo(address));
      } catch (IllegalArgumentException e) {
        throw new AshlarException(ErrorCode.INVALID, String.valueOf(e.getMessage()), e);
      }
    }
    return known.length == 1 ? known[0] : known[ThreadLocalRandom.current().nextInt(known.length)];
  }

  private Lane[] lanesTo(HostPort address) {
    Lane[] made = new Lane[options.connectionsPerAddress()];
    for (int i = 0; i < made.length; i++) {
      made[i] = new Lane(address, expectedRole, loops, options);
    }
    return made;
  }

  private static RpcReply await(Pending request, Duration timeout) throws AshlarException {
    try {
      return request.answer().get(timeout.toMillis() + GRACE_MS, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof AshlarException known
          ? new AshlarException(known.code(), String.valueOf(known.getMessage()), known)
          : new AshlarException(
              ErrorCode.INTERNAL, request.what() + " failed unexpectedly: " + e.getCause(), e);
    } catch (TimeoutException e) {
      request.discard();
      throw new AshlarException(
          ErrorCode.TIMEOUT,
          request.what() + " was not answered in time: it may or may not have happened",
          e);
    } catch (InterruptedException e) {
      request.discard();
      Thread.currentThread().interrupt();
      throw new AshlarException(
          ErrorCode.TIMEOUT,
          "Interrupted while waiting for the answer to "
              + request.what()
              + ": it may or may not have happened",
          e);
    }
  }
}
