package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.DecodeException;
import dev.ashlar.protocol.message.ErrorReply;
import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.message.RecordCodec;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's end of a connection: greets, hands requests to the handler, sends answers in
 * batches. Reads no further requests while too many, or too many bytes, are under way or the other
 * side does not take its answers. State belongs to the event loop; {@link #answer} comes from any
 * thread.
 */
final class ServerConnection extends FrameReader
    implements Outbox.Receiver<ServerConnection.Answer> {
  private static final Logger LOG = LoggerFactory.getLogger(ServerConnection.class);

  private final RpcServer server;
  private final Channel channel;
  private final String peer;
  private final Outbox<Answer> outbox;
  private @Nullable ChannelHandlerContext context;
  private boolean admitted;
  private int underWay;
  private long bytes;
  private @Nullable ScheduledFuture<?> greetingTimer;

  ServerConnection(RpcServer server, Channel channel) {
    this.server = server;
    this.channel = channel;
    SocketAddress remote = channel.remoteAddress();
    this.peer = remote == null ? "unknown" : remote.toString().replaceFirst("^.*/", "");
    this.outbox = new Outbox<>(channel.eventLoop(), this);
  }

  /**
   * An answer on its way.
   *
   * @param requestBytes payload of the request, no longer counted once the answer is sent
   */
  record Answer(OutFrame frame, int requestBytes, Consumer<@Nullable Throwable> onSent) {}

  String peer() {
    return peer;
  }

  void answer(Answer answer) {
    outbox.add(answer);
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    context = ctx;
    admitted = server.admit(channel);
    greetingTimer =
        ctx.executor()
            .schedule(
                () -> {
                  LOG.info(
                      "{} closes the connection from {}: no greeting in time",
                      server.describe(),
                      peer);
                  var _ = channel.close();
                },
                server.options().connectTimeout().toMillis(),
                TimeUnit.MILLISECONDS);
  }

  @Override
  void onGreeting(ChannelHandlerContext ctx, int version, int role) {
    endGreeting();
    if (version != Frames.VERSION) {
      refuse(
          ErrorCode.UNSUPPORTED_VERSION,
          server.describe()
              + " speaks version "
              + Frames.VERSION
              + " of the protocol, the other side version "
              + version
              + ": update the older of the two");
    } else if (!Greeting.is(role, server.role())) {
      refuse(
          ErrorCode.UNAVAILABLE,
          server.describe()
              + " is "
              + Greeting.name(server.role())
              + ", not "
              + Greeting.name(role)
              + ": check the address");
    } else if (!admitted) {
      refuse(
          ErrorCode.UNAVAILABLE,
          server.describe()
              + " has all the "
              + server.options().connections()
              + " connections it takes: close some, or ask another server");
    } else {
      var _ =
          channel.writeAndFlush(Greeting.encode(ctx.alloc(), server.role()), channel.voidPromise());
    }
  }

  @Override
  void onFrame(ChannelHandlerContext ctx, byte kind, long id, byte[] header, ByteBuf payload) {
    if (kind != Frames.REQUEST) {
      payload.release();
      stop();
      onGarbage(ctx, "it sent a frame of kind " + kind + ", which servers do not take");
      return;
    }
    underWay++;
    count(payload.readableBytes());
    Message message;
    try {
      message = RecordCodec.decodeMessage(ByteBuffer.wrap(header));
    } catch (DecodeException e) {
      LOG.warn("{} cannot read a request of {}: {}", server.describe(), peer, e.getMessage());
      int requestBytes = payload.readableBytes();
      payload.release();
      byte[] error =
          RecordCodec.encodeMessage(
              new ErrorReply(e.code(), e.getMessage() == null ? "" : e.getMessage()));
      answer(
          new Answer(
              OutFrame.of(Frames.REPLY, id, error), requestBytes, (@Nullable Throwable _) -> {}));
      regulate();
      return;
    }
    handle(new ServerRequest(this, id, message, payload));
    regulate();
  }

  private void handle(ServerRequest request) {
    try {
      server.handler().handle(request);
    } catch (RuntimeException e) {
      LOG.error(
          "{} failed to handle {} of {}",
          server.describe(),
          request.message().getClass().getSimpleName(),
          peer,
          e);
      if (!request.isAnswered()) {
        request.fail(ErrorCode.INTERNAL, "The server failed on this request, see its log: " + e);
      }
    }
  }

  @Override
  void onGarbage(ChannelHandlerContext ctx, String what) {
    LOG.warn("{} closes the connection from {}: {}", server.describe(), peer, what);
    var _ = channel.close();
  }

  /** Greets, says why not, and closes. */
  private void refuse(ErrorCode code, String detail) {
    LOG.info("{} refuses the connection from {}: {}", server.describe(), peer, detail);
    stop();
    var _ = channel.write(Greeting.refusing(channel.alloc()), channel.voidPromise());
    OutFrame.of(Frames.REFUSAL, 0, RecordCodec.encodeMessage(new ErrorReply(code, detail)))
        .write(channel, channel.newPromise().addListener(ChannelFutureListener.CLOSE));
    channel.flush();
  }

  @Override
  public void take(Answer answer) {
    long memory = answer.frame.memoryBytes();
    count(memory);
    ChannelPromise done = channel.newPromise();
    done.addListener((ChannelFuture future) -> sent(answer, memory, future));
    try {
      answer.frame.write(channel, done);
    } catch (OutOfMemoryError e) {
      answer.frame.discard();
      done.setFailure(e);
    }
  }

  @Override
  public void flush() {
    channel.flush();
  }

  @Override
  public void drop(Answer answer) {
    answer.frame.discard();
    answer.onSent.accept(null);
  }

  private void sent(Answer answer, long memory, ChannelFuture done) {
    underWay--;
    count(-memory - answer.requestBytes);
    if (!done.isSuccess() && channel.isActive()) {
      LOG.warn(
          "{} closes the connection from {}: an answer could not be sent whole: {}",
          server.describe(),
          peer,
          String.valueOf(done.cause()));
      var _ = channel.close();
    }
    try {
      answer.onSent.accept(done.isSuccess() ? null : done.cause());
    } catch (RuntimeException e) {
      LOG.error("{} failed after an answer to {} was sent", server.describe(), peer, e);
    }
    regulate();
  }

  private void count(long more) {
    bytes += more;
    server.count(more);
  }

  private void regulate() {
    ChannelHandlerContext ctx = context;
    if (ctx == null) {
      return;
    }
    RpcOptions limits = server.options();
    boolean room =
        underWay < limits.requestsPerConnection()
            && bytes < limits.bytesPerConnection()
            && (bytes == 0 || server.hasRoom());
    if (room && channel.isWritable()) {
      resume(ctx);
    } else {
      pause(ctx);
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    regulate();
    ctx.fireChannelWritabilityChanged();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    endGreeting();
    server.forget(channel);
    super.channelInactive(ctx);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (cause instanceof IOException) {
      LOG.debug("{} lost the connection from {}: {}", server.describe(), peer, cause.toString());
    } else {
      LOG.error(
          "{} closes the connection from {} after an unexpected failure",
          server.describe(),
          peer,
          cause);
    }
    var _ = ctx.close();
  }

  private void endGreeting() {
    if (greetingTimer != null) {
      greetingTimer.cancel(false);
      greetingTimer = null;
    }
  }
}
