package dev.ashlar.protocol.rpc;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelPromise;
import java.util.List;

/**
 * A frame to be sent: its header, and as payload either a buffer, which it owns, or slices of
 * files. Exactly one of {@link #write} and {@link #discard} is called on it.
 *
 * @param payload empty if there are slices
 */
record OutFrame(byte kind, long id, byte[] header, ByteBuf payload, List<FileSlice> slices) {
  /**
   * Payloads up to this are copied behind the header: cheaper than a buffer more in the gathering
   * write.
   */
  private static final int COPIED_BYTES = 2 << 10;

  static OutFrame of(byte kind, long id, byte[] header) {
    return new OutFrame(kind, id, header, Unpooled.EMPTY_BUFFER, List.of());
  }

  /** Of the payload. */
  long payloadBytes() {
    long sum = payload.readableBytes();
    for (FileSlice slice : slices) {
      sum += slice.length();
    }
    return sum;
  }

  /** Bytes in memory until it is sent. */
  long memoryBytes() {
    return header.length + (long) payload.readableBytes();
  }

  /**
   * Writes without flushing, on the event loop. {@code done} completes when the last byte is sent.
   */
  void write(Channel channel, ChannelPromise done) {
    boolean copied = payload.readableBytes() <= COPIED_BYTES;
    ByteBuf head = head(channel.alloc(), copied);
    if (slices.isEmpty()) {
      if (copied) {
        var _ = channel.write(head, done);
      } else {
        var _ = channel.write(head, channel.voidPromise());
        var _ = channel.write(payload, done);
      }
      return;
    }
    int last = slices.size() - 1;
    var _ = channel.write(head, channel.voidPromise());
    for (int i = 0; i <= last; i++) {
      var _ =
          channel.write(new SliceRegion(slices.get(i)), i == last ? done : channel.voidPromise());
    }
  }

  void discard() {
    payload.release();
  }

  private ByteBuf head(ByteBufAllocator alloc, boolean withPayload) {
    int counted = (int) (Frames.COUNTED_BYTES + header.length + payloadBytes());
    ByteBuf head =
        alloc.directBuffer(
            Frames.PREFIX_BYTES + header.length + (withPayload ? payload.readableBytes() : 0));
    head.writeInt(counted).writeByte(kind).writeLong(id).writeInt(header.length).writeBytes(header);
    if (withPayload) {
      head.writeBytes(payload);
      payload.release();
    }
    return head;
  }
}
