package dev.ashlar.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledDirectByteBuf;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Page-aligned off-heap memory for consecutive cells of one block, borrowed from a {@link
 * PiecePool}. Counts references: what was handed to the network goes back to the pool only when the
 * network, too, has let go of it.
 */
final class Piece {
  private final ByteBuffer memory;
  private final MemorySegment segment;
  private final Counted counted;

  Piece(PiecePool pool, ByteBuffer memory) {
    this.memory = memory;
    this.segment = MemorySegment.ofBuffer(memory);
    this.counted = new Counted(pool, memory);
  }

  MemorySegment segment() {
    return segment;
  }

  /** The bytes from {@code offset}, as a buffer of its own. */
  ByteBuffer view(int offset, int length) {
    return memory.slice(offset, length);
  }

  void zero(int from, int to) {
    if (to > from) {
      segment.asSlice(from, to - from).fill((byte) 0);
    }
  }

  /** The first {@code length} bytes to send; the receiver releases them. */
  ByteBuf toSend(int length) {
    return counted.retainedSlice(0, length);
  }

  /** Ends the borrower's own reference. */
  void release() {
    counted.release();
  }

  /** Netty's counter over the memory; gives it back to the pool at zero. */
  private static final class Counted extends UnpooledDirectByteBuf {
    private final PiecePool pool;
    private final ByteBuffer owned;

    Counted(PiecePool pool, ByteBuffer memory) {
      super(UnpooledByteBufAllocator.DEFAULT, memory, memory.capacity());
      this.pool = pool;
      this.owned = memory;
    }

    @Override
    protected void deallocate() {
      pool.giveBack(owned);
    }
  }
}
