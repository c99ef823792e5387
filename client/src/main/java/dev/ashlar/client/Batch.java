package dev.ashlar.client;

import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.Policy;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Some consecutive stripes of one chunk on their way to the servers: of each block one piece of
 * memory, so that one request carries several cells. Filled and coded stripe by stripe by the
 * thread that owns the writer; only {@link #drop} is called by others.
 */
final class Batch implements PiecePool.Keepsake {
  private enum State {
    /** Being filled or sent. */
    IN_USE,
    /**
     * Received by every server that is still counted on; kept in case the chunk must be sent again.
     */
    KEPT,
    /** The memory was given back. */
    GONE
  }

  private final Policy policy;
  private final PiecePool pool;
  private final int stripes;
  private final int capacity;
  private final long blockOffset;
  private final @Nullable Piece[] pieces;
  private final int[][] crcs;
  private final AtomicReference<State> state = new AtomicReference<>(State.IN_USE);
  private int bytes;
  private int reserved;
  private long waitingFor;

  /**
   * An empty batch, for which memory is to be reserved.
   *
   * @param blockOffset where in each block it starts
   * @param stripes how many it can hold
   * @param chunkLeft bytes of the file that the chunk can still take
   */
  Batch(Policy policy, PiecePool pool, long blockOffset, int stripes, long chunkLeft) {
    this.policy = policy;
    this.pool = pool;
    this.stripes = stripes;
    this.capacity = (int) Math.min((long) stripes * policy.stripeBytes(), chunkLeft);
    this.blockOffset = blockOffset;
    this.pieces = new Piece[policy.width()];
    this.crcs = new int[policy.width()][];
  }

  /**
   * Reserves all the memory that the batch still needs, so that nobody waits for a part of it: at
   * first for all blocks, later for parity that is to be made again. Returns false if there is not
   * enough now.
   *
   * @param urgent see {@link PiecePool#tryReserve}
   */
  boolean tryReserve(boolean urgent) {
    int missing = bytes == 0 ? policy.width() : policy.m();
    if (!pool.tryReserve(missing, pieceBytes(), urgent)) {
      return false;
    }
    reserved = missing;
    return true;
  }

  private int pieceBytes() {
    return stripes * policy.cellBytes();
  }

  /** Blocks that turned out to have no bytes need no memory. */
  private void unreserve() {
    if (reserved > 0) {
      pool.unreserve(reserved, pieceBytes());
      reserved = 0;
    }
  }

  long blockOffset() {
    return blockOffset;
  }

  /** Bytes of the file in it. */
  int bytes() {
    return bytes;
  }

  int room() {
    return capacity - bytes;
  }

  /** Bytes of block {@code index} in it. */
  int length(int index) {
    return (int) BlockLayout.blockLength(policy, bytes, index);
  }

  /** Where the next bytes go: up to the end of the present stripe, one buffer per cell. */
  ByteBuffer[] space(int limit) {
    int cell = policy.cellBytes();
    int stripe = bytes / policy.stripeBytes();
    int inStripe = bytes % policy.stripeBytes();
    int end = (int) Math.min(policy.stripeBytes(), (long) inStripe + Math.min(limit, room()));
    int first = inStripe / cell;
    int last = (end - 1) / cell;
    ByteBuffer[] views = new ByteBuffer[last - first + 1];
    for (int j = first; j <= last; j++) {
      int from = Math.max(inStripe, j * cell) - j * cell;
      int to = Math.min(end, (j + 1) * cell) - j * cell;
      views[j - first] = piece(j).view(stripe * cell + from, to - from);
    }
    return views;
  }

  /**
   * As many bytes were put into {@link #space}. Returns whether that ended a stripe, which is then
   * to be coded.
   */
  boolean filled(int count) {
    bytes += count;
    return count > 0 && (bytes % policy.stripeBytes() == 0 || room() == 0);
  }

  /** The stripe that holds the last byte. */
  int lastStripe() {
    return (bytes - 1) / policy.stripeBytes();
  }

  /** Whether the last stripe was not yet reported as ended. */
  boolean open() {
    return bytes % policy.stripeBytes() != 0 && room() > 0;
  }

  /** Bytes of the last stripe, if it is partial. */
  byte[] partialStripe() {
    int stripe = bytes / policy.stripeBytes();
    int rest = bytes % policy.stripeBytes();
    byte[] copy = new byte[rest];
    int cell = policy.cellBytes();
    for (int j = 0; j * cell < rest; j++) {
      Piece piece = pieces[j];
      if (piece == null) {
        throw new IllegalStateException("Cell " + j + " has bytes but no memory");
      }
      int length = Math.min(cell, rest - j * cell);
      piece.view(stripe * cell, length).get(copy, j * cell, length);
    }
    return copy;
  }

  /** Memory of block {@code index}, of what was reserved. */
  Piece piece(int index) {
    Piece piece = pieces[index];
    if (piece == null) {
      if (reserved == 0) {
        throw new IllegalStateException("No memory was reserved for block " + index);
      }
      reserved--;
      piece = pool.borrow(pieceBytes());
      pieces[index] = piece;
      crcs[index] = new int[BlockLayout.slices(pieceBytes())];
    }
    return piece;
  }

  /** Whether parity has its memory still; after {@link #reclaim} it may have to be made again. */
  boolean hasParity() {
    return policy.m() == 0 || pieces[policy.k()] != null;
  }

  /** CRCs of all slices of block {@code index} in this batch, to be filled by the coder. */
  int[] crcs(int index) {
    return crcs[index];
  }

  /** CRCs of the slices that block {@code index} has in it. */
  int[] usedCrcs(int index) {
    int length = length(index);
    return length == 0 ? new int[0] : Arrays.copyOf(crcs[index], BlockLayout.slices(length));
  }

  /** The bytes of block {@code index}, to be released by the receiver. */
  ByteBuf toSend(int index) {
    Piece piece = pieces[index];
    if (piece == null) {
      throw new IllegalStateException(
          "Block " + index + " of the batch has no bytes or they were given back");
    }
    return piece.toSend(length(index));
  }

  /** Which servers need these bytes from now on: bit i for block i. */
  void waitFor(long lanes) {
    unreserve();
    waitingFor = lanes;
  }

  /** Block {@code index} was received, or is not sent any more. */
  void settled(int index) {
    if (waitingFor != 0) {
      waitingFor &= ~(1L << index);
      if (waitingFor == 0) {
        releaseParity();
        state.set(State.KEPT);
        pool.keep(this);
      }
    }
  }

  /**
   * Takes the data back from the memory's reserve to send it again. Returns false if it is gone.
   * Parity must be made again.
   */
  boolean reclaim() {
    pool.forget(this);
    waitingFor = 0;
    return state.compareAndSet(State.KEPT, State.IN_USE) || state.get() == State.IN_USE;
  }

  private void releaseParity() {
    for (int i = policy.k(); i < pieces.length; i++) {
      release(i);
    }
  }

  private void release(int index) {
    Piece piece = pieces[index];
    if (piece != null) {
      pieces[index] = null;
      piece.release();
    }
  }

  @Override
  public boolean drop() {
    if (!state.compareAndSet(State.KEPT, State.GONE)) {
      return false;
    }
    for (int i = 0; i < pieces.length; i++) {
      release(i);
    }
    return true;
  }

  /** The bytes are not needed any more. By the owner, in any state. */
  void free() {
    pool.forget(this);
    unreserve();
    if (state.getAndSet(State.GONE) != State.GONE) {
      for (int i = 0; i < pieces.length; i++) {
        release(i);
      }
    }
  }
}
