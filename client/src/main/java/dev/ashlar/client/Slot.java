package dev.ashlar.client;

import dev.ashlar.protocol.message.BlockPlace;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** One request for bytes of one block, as a part of a {@link RangeRead}. Belongs to its thread. */
final class Slot {
  enum State {
    WAITING,
    /** The bytes are here and match their checksums. */
    HERE,
    FAILED
  }

  private final RangeRead range;
  private final int block;
  private final BlockPlace place;
  private final long from;
  private final long to;
  private final long sentAtNs;
  private State state = State.WAITING;
  private boolean late;
  private @Nullable ByteBuf bytes;
  private @Nullable String failure;
  private boolean gone;

  /**
   * A request that is being sent.
   *
   * @param from first byte of the block, a multiple of the slice size
   * @param to end of the bytes: of a slice or of the block
   */
  Slot(RangeRead range, int block, BlockPlace place, long from, long to, long sentAtNs) {
    this.range = range;
    this.block = block;
    this.place = place;
    this.from = from;
    this.to = to;
    this.sentAtNs = sentAtNs;
  }

  /** A block that is not even asked for. */
  static Slot failed(RangeRead range, int block, BlockPlace place, long from, long to, String why) {
    Slot slot = new Slot(range, block, place, from, to, 0);
    slot.fail(why);
    return slot;
  }

  RangeRead range() {
    return range;
  }

  int block() {
    return block;
  }

  BlockPlace place() {
    return place;
  }

  long from() {
    return from;
  }

  long to() {
    return to;
  }

  int length() {
    return (int) (to - from);
  }

  long sentAtNs() {
    return sentAtNs;
  }

  State state() {
    return state;
  }

  /** Whether it is no longer counted on, though it may still come. */
  boolean late() {
    return late;
  }

  void giveUpWaiting() {
    late = true;
  }

  void arrived(ByteBuf verified) {
    state = State.HERE;
    bytes = verified;
  }

  /** The server cannot be asked, or did not answer; what it has is not known. */
  void fail(String why) {
    state = State.FAILED;
    failure = why;
  }

  /** The server does not have the bytes as they were written. */
  void failForGood(String why) {
    fail(why);
    gone = true;
  }

  /** Whether its server said, or showed, that the bytes are not there. */
  boolean gone() {
    return gone;
  }

  @Nullable String failure() {
    return failure;
  }

  @Nullable ByteBuf bytes() {
    return bytes;
  }

  void release() {
    ByteBuf held = bytes;
    if (held != null) {
      bytes = null;
      held.release();
    }
  }
}
