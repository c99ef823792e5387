package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ErrorReply;
import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.message.RecordCodec;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import io.netty.util.ResourceLeakTracker;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A request of one connection. Replies are encoded on the calling thread and sent by the event
 * loop. One that is forgotten shows up in Netty's leak detector.
 */
final class ServerRequest implements RpcRequest {
  private static final Logger LOG = LoggerFactory.getLogger(ServerRequest.class);
  private static final ResourceLeakDetector<ServerRequest> LEAKS =
      ResourceLeakDetectorFactory.instance().newResourceLeakDetector(ServerRequest.class);

  private final ServerConnection connection;
  private final long id;
  private final Message message;
  private final ByteBuf payload;
  private final int payloadBytes;
  private final AtomicBoolean answered = new AtomicBoolean();
  private final @Nullable ResourceLeakTracker<ServerRequest> leak = LEAKS.track(this);

  ServerRequest(ServerConnection connection, long id, Message message, ByteBuf payload) {
    this.connection = connection;
    this.id = id;
    this.message = message;
    this.payload = payload;
    this.payloadBytes = payload.readableBytes();
  }

  @Override
  public Message message() {
    return message;
  }

  @Override
  public ByteBuf payload() {
    return payload;
  }

  @Override
  public String peer() {
    return connection.peer();
  }

  boolean isAnswered() {
    return answered.get();
  }

  @Override
  public void reply(Message reply) {
    answer(reply, Unpooled.EMPTY_BUFFER, List.of(), ServerRequest::nothing);
  }

  @Override
  public void reply(Message reply, ByteBuf replyPayload) {
    answer(reply, replyPayload, List.of(), ServerRequest::nothing);
  }

  @Override
  public void reply(
      Message reply, List<FileSlice> replyPayload, Consumer<@Nullable Throwable> onSent) {
    answer(
        reply,
        Unpooled.EMPTY_BUFFER,
        replyPayload.stream().filter(slice -> slice.length() > 0).toList(),
        onSent);
  }

  @Override
  public void fail(ErrorCode code, String detail) {
    reply(new ErrorReply(code, detail));
  }

  private void answer(
      Message reply,
      ByteBuf replyPayload,
      List<FileSlice> slices,
      Consumer<@Nullable Throwable> onSent) {
    if (!answered.compareAndSet(false, true)) {
      replyPayload.release();
      onSent.accept(null);
      throw new IllegalStateException(
          "Request " + id + " of " + peer() + " is answered twice, now by " + reply);
    }
    if (leak != null) {
      leak.close(this);
    }
    OutFrame frame = new OutFrame(Frames.REPLY, id, encode(reply), replyPayload, slices);
    ErrorReply tooLarge = tooLarge(frame);
    if (tooLarge == null) {
      connection.answer(new ServerConnection.Answer(frame, payloadBytes, onSent));
      return;
    }
    LOG.error(
        "The answer to {} of {} cannot be sent: {}",
        message.getClass().getSimpleName(),
        peer(),
        tooLarge.detail());
    replyPayload.release();
    connection.answer(
        new ServerConnection.Answer(
            OutFrame.of(Frames.REPLY, id, RecordCodec.encodeMessage(tooLarge)),
            payloadBytes,
            onSent));
  }

  private static void nothing(@Nullable Throwable failure) {}

  /**
   * Falls back to an error where a handler made a message that has no encoding: the other side must
   * get an answer.
   */
  private byte[] encode(Message reply) {
    try {
      return RecordCodec.encodeMessage(reply);
    } catch (RuntimeException e) {
      LOG.error(
          "The answer to {} of {} cannot be encoded",
          message.getClass().getSimpleName(),
          peer(),
          e);
      return RecordCodec.encodeMessage(
          new ErrorReply(ErrorCode.INTERNAL, "The answer cannot be encoded: see the server's log"));
    }
  }

  private static @Nullable ErrorReply tooLarge(OutFrame frame) {
    if (frame.header().length > Frames.HEADER_MAX) {
      return new ErrorReply(
          ErrorCode.TOO_LARGE,
          "The answer has "
              + frame.header().length
              + " bytes, more than "
              + Frames.HEADER_MAX
              + ": ask for less at once");
    }
    if (frame.payloadBytes() > Frames.PAYLOAD_MAX) {
      return new ErrorReply(
          ErrorCode.TOO_LARGE,
          "The answer has a payload of "
              + frame.payloadBytes()
              + " bytes, more than "
              + Frames.PAYLOAD_MAX
              + ": ask for less at once");
    }
    return null;
  }
}
