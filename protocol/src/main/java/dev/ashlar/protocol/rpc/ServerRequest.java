package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ErrorReply;
import dev.ashlar.protocol.message.Message;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** A request on a server's connection. */
final class ServerRequest implements RpcRequest {

  private final Channel channel;
  private final Frame frame;
  private final Runnable answered;
  private final AtomicBoolean done = new AtomicBoolean();

  /** @param answered runs once, when the answer is handed over */
  ServerRequest(Channel channel, Frame frame, Runnable answered) {
    this.channel = channel;
    this.frame = frame;
    this.answered = answered;
  }

  @Override
  public Message message() {
    return frame.message();
  }

  @Override
  public ByteBuf payload() {
    return frame.payload();
  }

  @Override
  public String peer() {
    return String.valueOf(channel.remoteAddress());
  }

  @Override
  public void reply(Message message) {
    reply(message, Unpooled.EMPTY_BUFFER);
  }

  @Override
  public void reply(Message message, ByteBuf payload) {
    once();
    FrameSender.send(channel, Wire.REPLY, frame.id(), message, payload, () -> {});
  }

  @Override
  public void reply(Message message, List<FileSlice> payload, Runnable onSent) {
    once();
    FrameSender.send(channel, Wire.REPLY, frame.id(), message, payload, onSent);
  }

  @Override
  public void fail(ErrorCode code, String detail) {
    reply(new ErrorReply(code, detail));
  }

  boolean isAnswered() {
    return done.get();
  }

  private void once() {
    if (!done.compareAndSet(false, true)) {
      throw new IllegalStateException("Answered twice: " + frame.message().getClass().getSimpleName());
    }
    answered.run();
  }
}
