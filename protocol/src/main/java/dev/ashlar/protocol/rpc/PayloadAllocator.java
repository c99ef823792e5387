package dev.ashlar.protocol.rpc;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;

/**
 * Chooses where the socket writes what it receives: into the payload that {@link FrameReader} is
 * waiting to fill, if that still wants much, which saves copying it; else into a buffer of 2 to 256
 * KiB. One per connection.
 */
final class PayloadAllocator implements RecvByteBufAllocator {
  /** With less to come than this, an ordinary buffer also takes what follows. */
  static final int MIN_BYTES = 32 << 10;

  private final FrameReader reader;
  private final AdaptiveRecvByteBufAllocator other =
      new AdaptiveRecvByteBufAllocator(2 << 10, 16 << 10, 256 << 10);

  PayloadAllocator(FrameReader reader) {
    this.reader = reader;
  }

  @Override
  @SuppressWarnings(
      "deprecation") // the interface names the old type of handle, the channels want the new one
  public Handle newHandle() {
    return new PayloadHandle(other.newHandle());
  }

  @SuppressWarnings("deprecation")
  private final class PayloadHandle extends DelegatingHandle implements ExtendedHandle {
    PayloadHandle(Handle delegate) {
      super(delegate);
    }

    @Override
    public ByteBuf allocate(ByteBufAllocator alloc) {
      ByteBuf payload = reader.wanting();
      return payload == null ? super.allocate(alloc) : payload.retain();
    }

    @Override
    public boolean continueReading(UncheckedBooleanSupplier maybeMoreData) {
      return ((ExtendedHandle) delegate()).continueReading(maybeMoreData);
    }
  }
}
