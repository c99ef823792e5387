package dev.ashlar.chunkserver.rebuild;

import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.chunkserver.store.BlockWrite;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.Checksums;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ChunkReply.Sealed;
import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes the ranges of a rebuilt block to the disk, one on its way while the next is made, and
 * seals the block only if its root is the committed one. One thread.
 */
final class BlockOutput implements AutoCloseable {
  /** Tries while the disk's queue is full of clients' writes. */
  private static final int TRIES = 200;

  private static final long RETRY_MS = 50;

  private final RebuildPlan plan;
  private final BlockStore disk;
  private final Wait wait;
  private final int[] crcs;
  private long length;
  private @Nullable Range pending;
  private @Nullable Range last;
  private CompletableFuture<?> latest = CompletableFuture.completedFuture(null);

  /** One range and how to write it. */
  private record Range(
      ByteBuf bytes, Supplier<CompletableFuture<Long>> write, CompletableFuture<Long> done) {}

  BlockOutput(RebuildPlan plan, BlockStore disk, Wait wait) {
    this.wait = wait;
    this.plan = plan;
    this.disk = disk;
    crcs = new int[BlockLayout.slices(plan.length())];
  }

  /** Bytes taken so far. */
  long length() {
    return length;
  }

  /**
   * Takes the next range; after the last one the block is sealed.
   *
   * @param range owned by this from now on, also if this fails
   * @throws AshlarException CORRUPT if the whole block's root is not the committed one: then
   *     nothing was sealed
   */
  void add(ByteBuf range) throws AshlarException {
    int[] mine = Checksums.slices(range.nioBuffer());
    // Epoch 0: the master ordered it, no lease did. An epoch here could fence out a live writer of
    // the next version.
    BlockWrite write =
        new BlockWrite(plan.task().block(), plan.task().group(), 0, 0, 0, length, mine);
    Supplier<CompletableFuture<Long>> attempt = () -> watched(disk.write(write, range.nioBuffer()));
    last = new Range(range, attempt, CompletableFuture.completedFuture(length));
    finishPending();
    System.arraycopy(mine, 0, crcs, (int) (length / BlockLayout.SLICE_BYTES), mine.length);
    length += range.readableBytes();
    if (length == plan.length()) {
      prove(plan, Checksums.root(crcs, crcs.length, length), "would be");
      Sealed sealed = patiently(() -> watched(disk.writeAndSeal(write, range.nioBuffer())));
      prove(plan, sealed.root(), "is");
    } else {
      last = null;
      pending = new Range(range, attempt, attempt.get());
    }
  }

  /** Whether a block with this root is the one that was committed. */
  private static void prove(RebuildPlan plan, int root, String verb) throws AshlarException {
    if (root != plan.root()) {
      throw new AshlarException(
          ErrorCode.CORRUPT,
          plan.task().block()
              + " rebuilt from proven sources "
              + verb
              + " different from what was committed (root "
              + Integer.toHexString(root)
              + ", not "
              + Integer.toHexString(plan.root())
              + "); it is not kept");
    }
  }

  /** Whether these ranges are all of the block that was committed. */
  static void prove(RebuildPlan plan, Iterable<ByteBuf> ranges) throws AshlarException {
    int[] crcs = new int[BlockLayout.slices(plan.length())];
    int slices = 0;
    for (ByteBuf range : ranges) {
      int[] some = Checksums.slices(range.nioBuffer());
      System.arraycopy(some, 0, crcs, slices, some.length);
      slices += some.length;
    }
    prove(plan, Checksums.root(crcs, crcs.length, plan.length()), "would be");
  }

  private <T> CompletableFuture<T> watched(CompletableFuture<T> future) {
    latest = future;
    return future;
  }

  private void finishPending() throws AshlarException {
    Range p = pending;
    if (p == null) {
      return;
    }
    try {
      wait.on(p.done());
    } catch (AshlarException e) {
      if (e.code() != ErrorCode.RETRY) {
        throw e;
      }
      patiently(p.write());
    }
    pending = null;
    p.bytes().release();
  }

  /** Repeats what the disk could not take because clients filled its queue. */
  private <T> T patiently(Supplier<CompletableFuture<T>> attempt) throws AshlarException {
    for (int n = 1; ; n++) {
      try {
        return wait.on(attempt.get());
      } catch (AshlarException e) {
        if (e.code() != ErrorCode.RETRY || n == TRIES) {
          throw e;
        }
      }
      wait.sleep(RETRY_MS);
    }
  }

  /** Releases buffers, at once or when the disk no longer reads them. */
  @Override
  public void close() {
    for (Range r : new @Nullable Range[] {pending, last}) {
      if (r != null) {
        var _ = latest.whenComplete((_, _) -> r.bytes().release());
      }
    }
    pending = null;
    last = null;
  }
}
