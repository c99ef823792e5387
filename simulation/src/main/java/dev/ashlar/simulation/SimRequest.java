package dev.ashlar.simulation;

import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ErrorReply;
import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.rpc.FileSlice;
import dev.ashlar.protocol.rpc.RpcRequest;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A request that reached its server. */
final class SimRequest implements RpcRequest {
  /** From the answer to the moment when its files are read, as a busy network has it. */
  private static final long SEND_NS = 50_000;

  private final Message message;
  private final ByteBuf payload;
  private final String peer;
  private final SimNetwork network;
  private final SimNetwork.Call call;
  private boolean answered;

  SimRequest(
      Message message, ByteBuf payload, String peer, SimNetwork network, SimNetwork.Call call) {
    this.message = message;
    this.payload = payload;
    this.peer = peer;
    this.network = network;
    this.call = call;
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
    return peer;
  }

  private boolean first() {
    if (answered) {
      throw new Violation(
          "A request of " + peer + " is answered twice: " + message.getClass().getSimpleName());
    }
    answered = true;
    return !call.serverDead();
  }

  @Override
  public void reply(Message reply) {
    if (first()) {
      call.answered(reply, new byte[0]);
    }
  }

  @Override
  public void reply(Message reply, ByteBuf bytes) {
    byte[] copy = new byte[bytes.readableBytes()];
    bytes.readBytes(copy);
    bytes.release();
    if (first()) {
      call.answered(reply, copy);
    }
  }

  @Override
  public void reply(Message reply, List<FileSlice> slices, Consumer<@Nullable Throwable> onSent) {
    if (first()) {
      network.scheduler().after(SEND_NS, () -> sendFiles(reply, slices, onSent));
    }
  }

  private void sendFiles(
      Message reply, List<FileSlice> slices, Consumer<@Nullable Throwable> onSent) {
    if (call.serverDead()) {
      return;
    }
    long length = slices.stream().mapToLong(FileSlice::length).sum();
    ByteBuffer bytes = ByteBuffer.allocate((int) length);
    try {
      for (FileSlice s : slices) {
        ByteBuffer part = bytes.slice(bytes.position(), (int) s.length());
        int read = s.file().read(part, s.position());
        if (read < s.length()) {
          throw new IOException("The file ends before its bytes");
        }
        bytes.position(bytes.position() + read);
      }
    } catch (IOException e) {
      call.lost("The connection broke");
      onSent.accept(e);
      return;
    }
    call.answered(reply, bytes.array());
    onSent.accept(null);
  }

  @Override
  public void fail(ErrorCode code, String detail) {
    reply(new ErrorReply(code, detail));
  }
}
