package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;

/**
 * A request of a client, from send to answer. All but {@link #answer} belongs to the event loop of
 * its {@link Lane}, once that has it.
 */
final class Pending {
  private final String what;
  private final byte[] header;
  private final ByteBuf payload;
  private final int payloadBytes;
  private final long deadlineNs;
  private final CompletableFuture<RpcReply> answer = new CompletableFuture<>();
  private boolean sent;

  /**
   * @param what name of the request, for errors
   * @param deadlineNs in the time of System.nanoTime
   */
  Pending(String what, byte[] header, ByteBuf payload, long deadlineNs) {
    this.what = what;
    this.header = header;
    this.payload = payload;
    this.payloadBytes = payload.readableBytes();
    this.deadlineNs = deadlineNs;
  }

  CompletableFuture<RpcReply> answer() {
    return answer;
  }

  String what() {
    return what;
  }

  int payloadBytes() {
    return payloadBytes;
  }

  long deadlineNs() {
    return deadlineNs;
  }

  /** Nobody waits any more: answered, failed or cancelled. */
  boolean isDone() {
    return answer.isDone();
  }

  /** What goes on the wire; the frame owns the payload from here. */
  OutFrame frame(long id) {
    sent = true;
    return new OutFrame(Frames.REQUEST, id, header, payload, java.util.List.of());
  }

  void complete(RpcReply reply) {
    if (!answer.complete(reply)) {
      reply.close();
    }
  }

  /** Nobody waits for the answer any more: it is released when it comes. Any thread. */
  void discard() {
    var _ =
        answer.whenComplete((reply, _) -> {
          if (reply != null) {
            reply.close();
          }
        });
  }

  void fail(ErrorCode code, String detail) {
    fail(new AshlarException(code, detail));
  }

  /** Fails it, and lets go of the payload if it was not sent. */
  void fail(AshlarException error) {
    if (!sent) {
      sent = true;
      payload.release();
    }
    answer.completeExceptionally(error);
  }
}
