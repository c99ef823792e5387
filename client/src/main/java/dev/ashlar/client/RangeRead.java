package dev.ashlar.client;

import dev.ashlar.erasure.ErasureCode;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.Checksums;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.BlockPlace;
import dev.ashlar.protocol.message.ChunkPlace;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Gets a range of one chunk: asks the data blocks that hold it, and as soon as one of them fails or
 * is given up as late, as many others as it takes to compute what is missing. Decides only; the
 * {@link ReadDriver} that owns it sends and receives.
 */
final class RangeRead {
  private final Policy policy;
  private final ErasureCode code;
  private final ChunkPlace place;
  private final long from;
  private final long to;

  /** By data block: the request for what is needed of it, null if nothing is. */
  private final @Nullable Slot[] primary;

  /** By block: the request for the rows of all that is missing, null if not asked. */
  private final @Nullable Slot[] recovery;

  /** By data block: what was computed. */
  private final @Nullable ByteBuf[] decoded;

  /** The bytes of each block that recovery works on. */
  private long rowsFrom = Long.MAX_VALUE;

  private long rowsTo;
  private boolean done;
  private boolean closed;

  /**
   * A range that nothing was asked for yet.
   *
   * @param from first byte, counted from the start of the chunk
   * @param to end of the bytes, above {@code from}, at most the stored length
   */
  RangeRead(Policy policy, ErasureCode code, ChunkPlace place, long from, long to) {
    this.policy = policy;
    this.code = code;
    this.place = place;
    this.from = from;
    this.to = to;
    this.primary = new Slot[policy.k()];
    this.recovery = new Slot[policy.width()];
    this.decoded = new ByteBuf[policy.k()];
  }

  ChunkPlace place() {
    return place;
  }

  long from() {
    return from;
  }

  long to() {
    return to;
  }

  BlockKey key(Slot slot) {
    return new BlockKey(place.chunk(), place.version(), slot.block());
  }

  /** Bytes that will be received if all goes well. */
  long memory() {
    return to - from;
  }

  /** The first requests. */
  List<Slot> start(long nowNs, Predicate<String> avoided) {
    List<Slot> send = new ArrayList<>();
    for (int i = 0; i < policy.k(); i++) {
      long first = firstByte(i);
      long end = endByte(i);
      if (first < end) {
        rowsFrom = Math.min(rowsFrom, first);
        rowsTo = Math.max(rowsTo, roundUp(end));
        BlockPlace at = place.blocks().get(i);
        if (!at.reachable()) {
          primary[i] = Slot.failed(this, i, at, first, end, whereabouts(at));
        } else if (avoided.test(at.server())) {
          primary[i] =
              Slot.failed(
                  this,
                  i,
                  at,
                  first,
                  end,
                  "is on " + at.server() + ", which failed or was slow moments ago");
        } else {
          Slot slot = new Slot(this, i, at, first, end, nowNs);
          primary[i] = slot;
          send.add(slot);
        }
      }
    }
    send.addAll(proceed(nowNs, avoided));
    return send;
  }

  /** First byte of data block {@code i} that is needed, down to a slice. */
  private long firstByte(int i) {
    long stripe = from / policy.stripeBytes();
    long inStripe = from % policy.stripeBytes();
    long cell = policy.cellBytes();
    long byteInBlock = stripe * cell + Math.clamp(inStripe - i * cell, 0, cell);
    return byteInBlock / BlockLayout.SLICE_BYTES * BlockLayout.SLICE_BYTES;
  }

  /** End of the bytes of data block {@code i} that are needed, up to a slice or the block's end. */
  private long endByte(int i) {
    long stripe = to / policy.stripeBytes();
    long inStripe = to % policy.stripeBytes();
    long cell = policy.cellBytes();
    long byteInBlock = stripe * cell + Math.clamp(inStripe - i * cell, 0, cell);
    if (byteInBlock <= exactFirst(i)) {
      return 0;
    }
    return Math.min(roundUp(byteInBlock), blockLength(i));
  }

  private static long roundUp(long bytes) {
    return (bytes + BlockLayout.SLICE_BYTES - 1)
        / BlockLayout.SLICE_BYTES
        * BlockLayout.SLICE_BYTES;
  }

  private long exactFirst(int i) {
    long cell = policy.cellBytes();
    return from / policy.stripeBytes() * cell
        + Math.clamp(from % policy.stripeBytes() - i * cell, 0, cell);
  }

  private long blockLength(int i) {
    return BlockLayout.blockLength(policy, place.storedLength(), i);
  }

  /**
   * Whether checksums that cover a whole block are those of the commit; if they cover a part this
   * cannot be told and is true.
   */
  boolean rootMatches(Slot slot, int[] crcs) {
    long length = blockLength(slot.block());
    if (slot.from() != 0 || slot.to() != length || place.roots().length <= slot.block()) {
      return true;
    }
    return Checksums.root(crcs, crcs.length, length) == place.roots()[slot.block()];
  }

  boolean done() {
    return done;
  }

  boolean closed() {
    return closed;
  }

  /** Looks where things stand after something changed. Returns further requests to send. */
  List<Slot> proceed(long nowNs, Predicate<String> avoided) {
    if (done || allHere()) {
      done = true;
      return List.of();
    }
    if (!missing()) {
      return List.of();
    }
    List<Slot> send = new ArrayList<>();
    while (sources(false) + sources(true) < policy.k()) {
      Slot next = nextSource(nowNs, avoided);
      if (next == null) {
        break;
      }
      send.add(next);
    }
    if (sources(false) >= policy.k()) {
      decode();
      done = true;
    }
    return send;
  }

  private boolean allHere() {
    for (Slot slot : primary) {
      if (slot != null && slot.state() != Slot.State.HERE) {
        return false;
      }
    }
    return true;
  }

  /** Whether something needed failed or is late. */
  private boolean missing() {
    for (Slot slot : primary) {
      if (slot != null
          && (slot.state() == Slot.State.FAILED
              || (slot.state() == Slot.State.WAITING && slot.late()))) {
        return true;
      }
    }
    return false;
  }

  /** Whether nothing that is under way can complete the range, and nothing further can be asked. */
  boolean stuck() {
    if (done || !missing()) {
      return false;
    }
    int possible = 0;
    for (int i = 0; i < policy.width(); i++) {
      Slot slot = source(i);
      if (isZero(i) || (slot != null && slot.state() != Slot.State.FAILED)) {
        possible++;
      } else if (slot == null && place.blocks().get(i).reachable()) {
        possible++;
      }
    }
    return possible < policy.k();
  }

  /**
   * Whether it could be read if every server answered: enough blocks are on disks that are not
   * lost, and nothing shows that they are not there. For a range that is stuck.
   */
  boolean mayReturn() {
    int possible = 0;
    for (int i = 0; i < policy.width(); i++) {
      Slot own = i < policy.k() ? primary[i] : null;
      boolean gone = (own != null && own.gone()) || (recovery[i] != null && recovery[i].gone());
      if (isZero(i) || (place.blocks().get(i).exists() && !gone)) {
        possible++;
      }
    }
    return possible >= policy.k();
  }

  /** Whether block {@code i} has no byte in the rows: it counts as zeros. */
  private boolean isZero(int i) {
    return blockLength(i) <= rowsFrom;
  }

  /** The request that brings, or brought, the rows of block {@code i}. */
  private @Nullable Slot source(int i) {
    Slot own = i < policy.k() ? primary[i] : null;
    if (own != null && own.from() <= rowsFrom && own.to() >= Math.min(rowsTo, blockLength(i))) {
      boolean asked = own.state() != Slot.State.FAILED || recovery[i] == null;
      return asked ? own : recovery[i];
    }
    return recovery[i];
  }

  /** How many blocks are there to decode from, or can be hoped for. */
  private int sources(boolean hoped) {
    int count = 0;
    for (int i = 0; i < policy.width(); i++) {
      Slot slot = source(i);
      if (hoped) {
        count +=
            !isZero(i) && slot != null && slot.state() == Slot.State.WAITING && !slot.late()
                ? 1
                : 0;
      } else {
        count += isZero(i) || (slot != null && slot.state() == Slot.State.HERE) ? 1 : 0;
      }
    }
    return count;
  }

  /**
   * One more block to ask: of servers that are well if possible, data first since it may be here in
   * part.
   */
  private @Nullable Slot nextSource(long nowNs, Predicate<String> avoided) {
    for (boolean desperate : new boolean[] {false, true}) {
      for (int i = 0; i < policy.width(); i++) {
        BlockPlace at = place.blocks().get(i);
        if (isZero(i)
            || recovery[i] != null
            || !at.reachable()
            || (!desperate && avoided.test(at.server()))) {
          continue;
        }
        Slot own = source(i);
        if (own == null || (own.state() == Slot.State.FAILED && own.sentAtNs() == 0)) {
          Slot slot = new Slot(this, i, at, rowsFrom, Math.min(rowsTo, blockLength(i)), nowNs);
          recovery[i] = slot;
          return slot;
        }
      }
    }
    return null;
  }

  private void decode() {
    int rows = (int) (rowsTo - rowsFrom);
    @Nullable MemorySegment[] shards = new MemorySegment[policy.width()];
    boolean[] present = new boolean[policy.width()];
    List<ByteBuf> padded = new ArrayList<>();
    List<Integer> wanted = new ArrayList<>();
    try {
      for (int i = 0; i < policy.width(); i++) {
        Slot slot = source(i);
        if (isZero(i)) {
          present[i] = true;
        } else if (slot != null && slot.state() == Slot.State.HERE) {
          present[i] = true;
          shards[i] = rows(slot, rows, padded);
        }
      }
      for (int i = 0; i < policy.k(); i++) {
        Slot slot = primary[i];
        if (slot != null && slot.state() != Slot.State.HERE && !present[i]) {
          ByteBuf output =
              PooledByteBufAllocator.DEFAULT.directBuffer(rows, rows).writerIndex(rows);
          decoded[i] = output;
          shards[i] = MemorySegment.ofBuffer(output.nioBuffer());
          wanted.add(i);
        }
      }
      if (!wanted.isEmpty()) {
        code.reconstruct(
            shards, present, wanted.stream().mapToInt(Integer::intValue).toArray(), rows);
      }
    } finally {
      padded.forEach(ByteBuf::release);
    }
  }

  /** The rows of a block that is here; where the block ends before them, followed by zeros. */
  private MemorySegment rows(Slot slot, int rows, List<ByteBuf> padded) {
    ByteBuf bytes = here(slot);
    int skip = (int) (rowsFrom - slot.from());
    int available = Math.min(rows, bytes.readableBytes() - skip);
    if (available == rows) {
      return MemorySegment.ofBuffer(bytes.nioBuffer(bytes.readerIndex() + skip, rows));
    }
    ByteBuf copy = PooledByteBufAllocator.DEFAULT.directBuffer(rows, rows);
    padded.add(copy);
    copy.writeBytes(bytes, bytes.readerIndex() + skip, available).writeZero(rows - available);
    return MemorySegment.ofBuffer(copy.nioBuffer());
  }

  private static ByteBuf here(Slot slot) {
    ByteBuf bytes = slot.bytes();
    if (bytes == null) {
      throw new IllegalStateException("The bytes of block " + slot.block() + " are not here");
    }
    return bytes;
  }

  /** How many data blocks had to be computed. */
  int decodedBlocks() {
    int count = 0;
    for (ByteBuf buffer : decoded) {
      count += buffer == null ? 0 : 1;
    }
    return count;
  }

  /** The bytes of one data block from {@code offset} in the block. Only once {@link #done}. */
  ByteBufRange content(int block, long offset, int length) {
    ByteBuf computed = decoded[block];
    if (computed != null) {
      return new ByteBufRange(computed, (int) (offset - rowsFrom), length);
    }
    Slot slot = primary[block];
    if (slot != null && slot.state() != Slot.State.HERE) {
      slot = recovery[block];
    }
    if (slot == null) {
      throw new IllegalStateException("Block " + block + " is no part of the range");
    }
    ByteBuf bytes = here(slot);
    return new ByteBufRange(bytes, bytes.readerIndex() + (int) (offset - slot.from()), length);
  }

  /** Bytes of a buffer, counted from its start. */
  record ByteBufRange(ByteBuf buffer, int index, int length) {}

  /** All requests made so far. */
  List<Slot> slots() {
    List<Slot> all = new ArrayList<>();
    for (Slot slot : primary) {
      if (slot != null) {
        all.add(slot);
      }
    }
    for (Slot slot : recovery) {
      if (slot != null) {
        all.add(slot);
      }
    }
    return all;
  }

  private static String whereabouts(BlockPlace unreachable) {
    return unreachable.exists() ? "is on a server that is silent" : "is on no disk at present";
  }

  /** What is wrong with the blocks that failed, what was tried last of each, for a message. */
  String troubles() {
    StringJoiner list = new StringJoiner("; ");
    for (int i = 0; i < policy.width(); i++) {
      Slot last = recovery[i] == null && i < policy.k() ? primary[i] : recovery[i];
      if (last != null && last.failure() != null) {
        list.add("block " + i + " " + last.failure());
      } else if (last == null && !isZero(i) && !place.blocks().get(i).reachable()) {
        list.add("block " + i + " " + whereabouts(place.blocks().get(i)));
      }
    }
    return list.toString();
  }

  /** Releases everything; what still arrives is not wanted. */
  void close() {
    closed = true;
    slots().forEach(Slot::release);
    for (int i = 0; i < decoded.length; i++) {
      ByteBuf buffer = decoded[i];
      if (buffer != null) {
        decoded[i] = null;
        buffer.release();
      }
    }
  }
}
