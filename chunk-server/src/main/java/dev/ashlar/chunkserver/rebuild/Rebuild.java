package dev.ashlar.chunkserver.rebuild;

import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.erasure.ErasureCode;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.message.ChunkReply.BlockInfo;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The rebuild of one block onto a local disk. Ranges are read from all sources ahead of the one
 * being decoded. Every source byte is checked against checksums that are proven against the
 * committed root, and the result is sealed only if its own root is the committed one: wrong bytes
 * cannot become a block. One thread; memory is bounded by {@value #AHEAD} + 1 ranges of the sources
 * in use and a range or two of output, or all of it (8 MiB) if it takes the place of a wrong one.
 */
public final class Rebuild {
  /** Ranges on their way while one is decoded. */
  private static final int AHEAD = 2;

  private final RebuildPlan plan;
  private final BlockStore disk;
  private final Peers peers;
  private final Wait wait;
  private final ErasureCode code;
  private final int rangeBytes;
  private final Pause pause;
  private final SourceSet sources;

  /** Waits until so many more bytes may be moved. */
  public interface Pause {
    void take(long bytes) throws AshlarException;
  }

  /**
   * @param code of the plan's policy
   * @param rangeBytes read from each source at a time, a multiple of the slice size
   * @param bad told of sources that are damaged or not where the master believes them
   */
  public Rebuild(
      RebuildPlan plan,
      BlockStore disk,
      Peers peers,
      ErasureCode code,
      int rangeBytes,
      Consumer<BadBlock> bad,
      Pause pause,
      World world) {
    this.wait = new Wait(world);
    this.plan = plan;
    this.disk = disk;
    this.peers = peers;
    this.code = code;
    this.rangeBytes = rangeBytes;
    this.pause = pause;
    sources = new SourceSet(plan, peers, wait, bad);
  }

  /**
   * Makes the block, or finds it made. Blocks.
   *
   * @return bytes written; 0 if the block was here already, or has no bytes and so is never stored
   */
  public long run() throws AshlarException {
    if (plan.length() == 0) {
      return 0;
    }
    Found found = look();
    if (found == Found.GOOD) {
      return 0;
    }
    sources.open();
    if (found == Found.WRONG) {
      return replace();
    }
    dropStaged();
    try (BlockOutput out = new BlockOutput(plan, disk, wait)) {
      copy(out::add);
      return plan.length();
    } catch (AshlarException e) {
      dropStaged(e);
      throw e;
    }
  }

  /** What lies where the block is to be. */
  private enum Found {
    /** The block. */
    GOOD,
    /** A sealed block that is damaged or of another root. */
    WRONG,
    /** Nothing, or what a writer or a rebuild left that gave up. */
    NOTHING
  }

  private Found look() throws AshlarException {
    BlockInfo info;
    try {
      info = disk.stat(plan.task().block());
    } catch (AshlarException e) {
      if (e.code() == ErrorCode.VERSION_GONE) {
        return Found.NOTHING;
      }
      throw e;
    }
    if (!info.sealed()) {
      return Found.NOTHING;
    }
    boolean good =
        info.root() == plan.root()
            && info.length() == plan.length()
            && disk.verify(List.of(plan.task().block())).isEmpty();
    return good ? Found.GOOD : Found.WRONG;
  }

  /**
   * Makes all of the block before what is there is dropped: most slices of a damaged block are
   * good, and may be what is needed to save the others.
   */
  private long replace() throws AshlarException {
    Deque<ByteBuf> made = new ArrayDeque<>();
    try {
      copy(made::add);
      BlockOutput.prove(plan, made);
      if (look() == Found.GOOD) {
        return 0; // it was misread
      }
      wait.on(disk.delete(List.of(plan.task().block())));
      try (BlockOutput out = new BlockOutput(plan, disk, wait)) {
        while (!made.isEmpty()) {
          out.add(made.remove());
        }
        return plan.length();
      } catch (AshlarException e) {
        dropStaged(e);
        throw e;
      }
    } finally {
      made.forEach(ByteBuf::release);
    }
  }

  /**
   * What somebody left unfinished is in the way. What its writer sealed in the meantime is not: it
   * is what is wanted.
   */
  private void dropStaged() throws AshlarException {
    wait.on(disk.unstage(plan.task().block()));
  }

  /** Takes the ranges of the block one after the other, and owns them. */
  private interface Sink {
    void add(ByteBuf range) throws AshlarException;
  }

  private void copy(Sink out) throws AshlarException {
    Deque<RangeRead> ahead = new ArrayDeque<>();
    try {
      long next = 0;
      long made = 0;
      while (made < plan.length()) {
        while (ahead.size() <= AHEAD && next < plan.length()) {
          int length = (int) Math.min(rangeBytes, plan.length() - next);
          pause.take((long) length * (plan.needed() + 1));
          RangeRead range = new RangeRead(plan, peers, wait, next, length);
          ahead.add(range);
          for (int slot = 0; slot < plan.needed(); slot++) {
            range.start(sources.get(slot));
          }
          next += length;
        }
        try (RangeRead range = ahead.remove()) {
          made += range.length;
          out.add(decode(range));
        }
      }
    } finally {
      ahead.forEach(RangeRead::close);
    }
  }

  /** One range of the wanted block, in a buffer that the caller owns. */
  private ByteBuf decode(RangeRead range) throws AshlarException {
    int width = plan.policy().width();
    @Nullable MemorySegment[] shards = new @Nullable MemorySegment[width];
    boolean[] present = new boolean[width];
    for (int i = 0; i < plan.policy().k(); i++) {
      present[i] = plan.lengths()[i] == 0;
    }
    List<ByteBuf> padded = new ArrayList<>();
    ByteBuf made = PooledByteBufAllocator.DEFAULT.directBuffer(range.length, range.length);
    boolean done = false;
    try {
      for (int slot = 0; slot < plan.needed(); slot++) {
        ByteBuffer bytes = take(range, slot);
        int index = sources.get(slot).index();
        present[index] = true;
        shards[index] = shard(bytes, range.length, padded);
      }
      int wanted = plan.task().block().index();
      shards[wanted] = MemorySegment.ofBuffer(made.nioBuffer(0, range.length));
      code.reconstruct(shards, present, new int[] {wanted}, range.length);
      made.writerIndex(range.length);
      done = true;
      return made;
    } finally {
      padded.forEach(ByteBuf::release);
      if (!done) {
        made.release();
      }
    }
  }

  private ByteBuffer take(RangeRead range, int slot) throws AshlarException {
    while (true) {
      try {
        return range.take(sources.get(slot));
      } catch (AshlarException e) {
        sources.replace(slot, e);
      }
    }
  }

  /**
   * The bytes as a shard of the given length: themselves if long enough, a copy filled up with
   * zeros if short, null if there are none.
   */
  private static @Nullable MemorySegment shard(ByteBuffer bytes, int length, List<ByteBuf> padded) {
    if (!bytes.hasRemaining()) {
      return null;
    }
    if (bytes.remaining() >= length) {
      return MemorySegment.ofBuffer(bytes);
    }
    ByteBuf copy = PooledByteBufAllocator.DEFAULT.directBuffer(length, length);
    padded.add(copy);
    copy.writeBytes(bytes.duplicate());
    copy.writeZero(length - copy.writerIndex());
    return MemorySegment.ofBuffer(copy.nioBuffer());
  }

  private void dropStaged(AshlarException why) {
    try {
      dropStaged();
    } catch (AshlarException e) {
      why.addSuppressed(e);
    }
  }
}
