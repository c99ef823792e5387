package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.DecodeException;
import dev.ashlar.protocol.message.ErrorReply;
import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.message.RecordCodec;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.collection.LongObjectHashMap;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The client's end of a connection: greets, numbers requests, finds whose answer came. Belongs to
 * the event loop.
 */
final class ClientConnection extends FrameReader {
  private static final Logger LOG = LoggerFactory.getLogger(ClientConnection.class);

  private final Lane lane;
  private final Channel channel;
  private final Role expected;
  private final LongObjectHashMap<Pending> waiting = new LongObjectHashMap<>();
  private long nextId = 1;

  /** When something came last, or was asked for after everything before had been answered. */
  private long silentSinceNs = System.nanoTime();

  /** Whether a request ran out of time since something came: the silence goes on. */
  private boolean unanswered;

  private @Nullable AshlarException reason;

  ClientConnection(Lane lane, Channel channel, Role expected) {
    this.lane = lane;
    this.channel = channel;
    this.expected = expected;
  }

  int underWay() {
    return waiting.size();
  }

  boolean isWritable() {
    return channel.isWritable();
  }

  /** Writes without flushing. */
  void send(Pending request) {
    if (waiting.isEmpty() && !unanswered) {
      silentSinceNs = System.nanoTime();
    }
    long id = nextId++;
    OutFrame frame = request.frame(id);
    waiting.put(id, request);
    try {
      frame.write(channel, channel.voidPromise());
    } catch (OutOfMemoryError e) {
      frame.discard();
      close(
          new AshlarException(
              ErrorCode.TIMEOUT,
              "No memory to send a request to " + lane + ": " + e.getMessage(),
              e));
    }
  }

  void flush() {
    channel.flush();
  }

  /**
   * Fails the requests whose time is up. Returns the earliest deadline of the rest, or {@code
   * none}.
   */
  long expire(long nowNs, long none) {
    long earliest = none;
    List<Long> expired = new ArrayList<>();
    for (var entry : waiting.entries()) {
      Pending request = entry.value();
      if (request.deadlineNs() - nowNs <= 0) {
        expired.add(entry.key());
      } else if (earliest == none || request.deadlineNs() - earliest < 0) {
        earliest = request.deadlineNs();
      }
    }
    for (long id : expired) {
      Pending request = waiting.remove(id);
      request.fail(
          ErrorCode.TIMEOUT,
          lane + " did not answer " + request.what() + " in time: it may or may not have happened");
    }
    unanswered |= !expired.isEmpty();
    if (!expired.isEmpty() && nowNs - silentSinceNs > lane.options().silence().toNanos()) {
      close(
          new AshlarException(
              ErrorCode.TIMEOUT,
              lane
                  + " has been silent for "
                  + lane.options().silence().toSeconds()
                  + " s: the connection is given up"));
    }
    return earliest;
  }

  /**
   * @param why what requests under way fail with
   */
  void close(AshlarException why) {
    reason = why;
    stop();
    var _ = channel.close();
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    var _ = channel.writeAndFlush(Greeting.encode(ctx.alloc(), expected), channel.voidPromise());
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    silentSinceNs = System.nanoTime();
    unanswered = false;
    super.channelRead(ctx, message);
  }

  @Override
  void onGreeting(ChannelHandlerContext ctx, int version, int role) {
    if (version == Frames.VERSION && Greeting.is(role, expected)) {
      lane.onReady(this);
    }
    // Otherwise the other side's refusal follows, and says what is wrong in its words.
  }

  @Override
  void onFrame(ChannelHandlerContext ctx, byte kind, long id, byte[] header, ByteBuf payload) {
    if (kind == Frames.REFUSAL) {
      payload.release();
      refused(header);
      return;
    }
    Pending request = kind == Frames.REPLY ? waiting.remove(id) : null;
    if (request == null) {
      payload.release(); // it came too late
      return;
    }
    lane.onAnswer();
    try {
      Message message = RecordCodec.decodeMessage(ByteBuffer.wrap(header));
      if (message instanceof ErrorReply error) {
        payload.release();
        request.fail(error.code(), error.detail());
      } else {
        request.complete(new RpcReply(message, payload));
      }
    } catch (DecodeException e) {
      payload.release();
      request.fail(
          new AshlarException(
              ErrorCode.INTERNAL,
              "The answer of "
                  + lane
                  + " to "
                  + request.what()
                  + " cannot be read: "
                  + e.getMessage(),
              e));
    }
  }

  private void refused(byte[] header) {
    AshlarException why;
    try {
      why =
          RecordCodec.decodeMessage(ByteBuffer.wrap(header)) instanceof ErrorReply error
              ? new AshlarException(error.code(), error.detail())
              : new AshlarException(
                  ErrorCode.UNAVAILABLE, lane + " refused the connection without a reason");
    } catch (DecodeException e) {
      why =
          new AshlarException(
              ErrorCode.UNAVAILABLE,
              lane + " refused the connection for a reason that cannot be read: " + e.getMessage(),
              e);
    }
    close(why);
  }

  @Override
  void onGarbage(ChannelHandlerContext ctx, String what) {
    LOG.warn("The connection to {} is closed: {}", lane, what);
    close(
        new AshlarException(
            ErrorCode.UNAVAILABLE, "The connection to " + lane + " is closed: " + what));
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    lane.onWritable();
    ctx.fireChannelWritabilityChanged();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    super.channelInactive(ctx);
    AshlarException why =
        reason == null
            ? new AshlarException(
                ErrorCode.UNAVAILABLE,
                "The connection to " + lane + " was closed by the other side")
            : reason;
    List<Pending> lost = List.copyOf(waiting.values());
    waiting.clear();
    for (Pending request : lost) {
      request.fail(
          new AshlarException(
              ErrorCode.TIMEOUT,
              "The connection to "
                  + lane
                  + " was lost during "
                  + request.what()
                  + ", which may or may not have happened: "
                  + why.getMessage(),
              why));
    }
    lane.onClosed(this, why);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (reason == null) {
      reason =
          new AshlarException(
              ErrorCode.UNAVAILABLE,
              "The connection to " + lane + " broke: " + cause.getMessage(),
              cause);
    }
    var _ = ctx.close();
  }
}
