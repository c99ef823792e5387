package dev.ashlar.chunkserver.rebuild;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.Checksums;
import dev.ashlar.protocol.ErrorCode;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * The reads of one range from all sources, on their way or here. Owns the buffers until {@link
 * #close}. One thread.
 */
final class RangeRead implements AutoCloseable {
  final long offset;
  final int length;
  private final RebuildPlan plan;
  private final Peers peers;
  private final Wait wait;
  private final Map<Integer, CompletableFuture<ByteBuf>> reads = new HashMap<>();

  /**
   * @param length bytes of the wanted block that this range is for
   */
  RangeRead(RebuildPlan plan, Peers peers, Wait wait, long offset, int length) {
    this.wait = wait;
    this.plan = plan;
    this.peers = peers;
    this.offset = offset;
    this.length = length;
  }

  /** Asks for the source's bytes unless that was done; nothing is asked past the source's end. */
  void start(Source s) {
    int bytes = plan.sourceBytes(s.index(), offset, length);
    if (bytes > 0) {
      reads.computeIfAbsent(
          s.index(),
          i -> peers.read(plan.place(i), plan.source(i), plan.task().token(), offset, bytes));
    }
  }

  /**
   * The source's bytes, every slice checked; empty past the source's end. They belong to this
   * range. Waits.
   */
  ByteBuffer take(Source s) throws AshlarException {
    start(s);
    CompletableFuture<ByteBuf> read = reads.get(s.index());
    if (read == null) {
      return ByteBuffer.allocate(0);
    }
    ByteBuf bytes = wait.on(read);
    int expected = plan.sourceBytes(s.index(), offset, length);
    if (bytes.readableBytes() != expected) {
      throw new AshlarException(
          ErrorCode.INTERNAL,
          plan.source(s.index())
              + ": "
              + bytes.readableBytes()
              + " bytes came instead of "
              + expected);
    }
    ByteBuffer view = bytes.nioBuffer();
    int[] crcs = Checksums.slices(view);
    int first = (int) (offset / BlockLayout.SLICE_BYTES);
    for (int i = 0; i < crcs.length; i++) {
      if (crcs[i] != s.crcs()[first + i]) {
        throw new AshlarException(
            ErrorCode.CORRUPT,
            plan.source(s.index()) + ": slice " + (first + i) + " does not match its checksum");
      }
    }
    return view;
  }

  /** Releases what came, and what is still to come when it comes. */
  @Override
  public void close() {
    for (CompletableFuture<ByteBuf> read : reads.values()) {
      var _ = read.thenAccept(ByteBuf::release);
    }
    reads.clear();
  }
}
