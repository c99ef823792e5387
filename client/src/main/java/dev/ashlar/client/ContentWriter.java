package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.CommittedChunk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ScatteringByteChannel;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes bytes at the end of a file: cuts them into stripes and codes them stripe by stripe, while
 * the stripes before are on their way to all servers of the chunk and chunks before that are being
 * sealed. Nothing is published here.
 *
 * <p>For one thread at a time, and that thread does all the work: network threads only drop answers
 * into a mailbox.
 */
final class ContentWriter implements AutoCloseable {
  /** Largest piece of a block in one request. */
  private static final int LARGEST_PIECE = 1 << 20;

  /** Chunks that may be under way at a time. */
  private static final int MOST_CHUNKS = 4;

  private final String name;
  private final Policy policy;
  private final PlaceSource places;
  private final Committed committed;
  private final boolean resumable;
  private final StripeCoder coder;
  private final ChunkSender sender;
  private final int largestBatch;
  private long size;
  private int nextStripes = 1;
  private @Nullable ChunkWrite chunk;
  private @Nullable Batch batch;
  private @Nullable Tail tail;
  private @Nullable AshlarException broken;

  /** The partial chunk that was sealed last: what the next append need not ask for. */
  private record Tail(int index, byte[] partialStripe, int[][] crcs) {}

  /**
   * A writer that has sent nothing.
   *
   * @param name of the file, for messages
   * @param size bytes the file has; the first byte written goes there
   * @param resumable whether more may be written after {@link #seal}
   * @param committed reads the bytes that the file has
   */
  ContentWriter(
      String name,
      ClientServices services,
      Policy policy,
      PlaceSource places,
      long size,
      boolean resumable,
      Committed committed)
      throws AshlarException {
    long memory = services.config().memoryBytes();
    long stripe = (long) policy.width() * policy.cellBytes();
    if (memory < 2 * stripe) {
      throw new AshlarException(
          ErrorCode.INVALID,
          "Policy "
              + policy
              + " needs "
              + ((2 * stripe) >> 20)
              + " MiB of memory to write "
              + name
              + ", but this client may use only "
              + (memory >> 20));
    }
    this.name = name;
    this.policy = policy;
    this.places = places;
    this.committed = committed;
    this.size = size;
    this.resumable = resumable;
    this.coder = new StripeCoder(policy, services.codes().of(policy));
    this.sender = new ChunkSender(name, services, policy, places, committed);
    this.largestBatch =
        (int)
            Math.max(1, Math.min(LARGEST_PIECE, memory / 4 / policy.width()) / policy.cellBytes());
    services.pool().spare(toMoveChunks());
  }

  /**
   * Memory that moving a chunk takes at a time: parity of a batch, which is made again, or a stripe
   * that is read again.
   */
  private long toMoveChunks() {
    return Math.max(
        (long) policy.m() * PiecePool.sizeFor(largestBatch * policy.cellBytes()),
        (long) policy.width() * PiecePool.sizeFor(policy.cellBytes()));
  }

  /** Bytes of the file, those taken but not yet published included. */
  long size() {
    return size;
  }

  /** Chunks sealed and not yet handed out by {@link #takeSealed}. */
  int sealedChunks() {
    return sender.sealedChunks();
  }

  /** Chunks to commit together, and the size of the file that they make. */
  record Publishable(List<CommittedChunk> chunks, long size) {}

  /**
   * Hands out what can be committed now: everything taken so far if {@link #seal} came last, else a
   * leading part.
   */
  Publishable takeSealed() {
    List<CommittedChunk> chunks = sender.takeSealed();
    if (chunk == null && sender.underWay() == 0) {
      return new Publishable(chunks, size);
    }
    return new Publishable(
        chunks, chunks.isEmpty() ? 0 : (chunks.getLast().index() + 1) * policy.chunkBytes());
  }

  /** Takes all remaining bytes. */
  void write(ByteBuffer source) throws AshlarException {
    checkUsable();
    try {
      take(source);
    } catch (AshlarException e) {
      broken = e;
      throw e;
    }
  }

  private void take(ByteBuffer source) throws AshlarException {
    while (source.hasRemaining()) {
      for (ByteBuffer space : space(source.remaining())) {
        int count = space.remaining();
        space.put(source.slice(source.position(), count));
        source.position(source.position() + count);
        filled(count);
      }
    }
  }

  /** Takes at most {@code limit} bytes from a channel until it ends; returns how many. */
  long transferFrom(ReadableByteChannel source, long limit) throws IOException {
    checkUsable();
    try {
      long total = 0;
      while (total < limit) {
        ByteBuffer[] space = space((int) Math.min(limit - total, Integer.MAX_VALUE));
        long count =
            source instanceof ScatteringByteChannel scattering
                ? scattering.read(space)
                : source.read(space[0]);
        if (count < 0) {
          break;
        }
        filled((int) count);
        total += count;
      }
      return total;
    } catch (AshlarException e) {
      broken = e;
      throw e;
    }
  }

  /** What it handed out could not be published: it takes and gives nothing more. */
  void unusable(AshlarException why) {
    if (broken == null) {
      broken = why;
    }
  }

  private void checkUsable() throws AshlarException {
    if (broken != null) {
      throw new AshlarException(
          broken.code(), "Writing " + name + " failed before: " + broken.getMessage(), broken);
    }
  }

  /**
   * Room in the present stripe, at most {@code wanted} bytes; starts a batch or a chunk if there is
   * none.
   */
  private ByteBuffer[] space(int wanted) throws AshlarException {
    while (true) {
      ChunkWrite current = chunk;
      Batch filling = batch;
      if (current == null) {
        startChunk();
      } else if (filling == null) {
        batch = newBatch(current);
      } else if (filling.room() > 0) {
        return filling.space(wanted);
      } else {
        add(current, filling, current.length() + filling.bytes() == policy.chunkBytes());
      }
    }
  }

  private void filled(int count) throws AshlarException {
    size += count;
    Batch filling = batch;
    if (filling != null && filling.filled(count)) {
      coder.code(filling, filling.lastStripe());
      sender.pump();
    }
  }

  private void add(ChunkWrite target, Batch full, boolean last) {
    batch = null;
    if (last) {
      chunk = null;
    }
    target.add(full, last);
    sender.push(target);
  }

  private Batch newBatch(ChunkWrite target) throws AshlarException {
    long left = policy.chunkBytes() - target.length();
    int stripes =
        (int)
            Math.min(
                Math.min(nextStripes, largestBatch),
                (left + policy.stripeBytes() - 1) / policy.stripeBytes());
    nextStripes = Math.min(largestBatch, nextStripes * 2);
    return sender.batch(target.length() / policy.k(), stripes, left);
  }

  /**
   * Starts the chunk that holds byte {@code size}, and fills in again what it has of the file's
   * last, partial stripe.
   */
  private void startChunk() throws AshlarException {
    while (sender.underWay() >= MOST_CHUNKS) {
      sender.work();
    }
    int index = Math.toIntExact(size / policy.chunkBytes());
    ChunkPlace place = places.take(index);
    long start = index * policy.chunkBytes();
    long inChunk = size - start;
    Tail known = tail != null && tail.index == index ? tail : null;
    tail = null;
    long keepStripes =
        place.base() == 0 ? 0 : Math.min(inChunk, place.validLength()) / policy.stripeBytes();
    ChunkWrite fresh =
        new ChunkWrite(
            policy, place, keepStripes, known == null ? null : crop(known.crcs, keepStripes));
    sender.begin(fresh);
    chunk = fresh;
    size = start + fresh.length();
    long missing = inChunk - fresh.length();
    if (known != null && known.partialStripe.length == missing) {
      take(ByteBuffer.wrap(known.partialStripe));
    } else {
      copyCommitted(size, missing);
    }
  }

  private int @Nullable [][] crop(int[][] crcs, long keepStripes) {
    int slices = BlockLayout.slices(keepStripes * policy.cellBytes());
    int[][] cropped = new int[crcs.length][];
    for (int i = 0; i < crcs.length; i++) {
      if (crcs[i].length < slices) {
        return null;
      }
      cropped[i] = Arrays.copyOf(crcs[i], slices);
    }
    return cropped;
  }

  private void copyCommitted(long from, long length) throws AshlarException {
    if (length == 0) {
      return;
    }
    ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(length, policy.stripeBytes()));
    for (long done = 0; done < length; done += buffer.limit()) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), length - done));
      committed.read(from + done, buffer);
      take(buffer.flip());
    }
  }

  /**
   * Sends and seals everything taken so far. Returns once all of it is durable, though nobody sees
   * it yet.
   */
  void seal() throws AshlarException {
    checkUsable();
    try {
      byte[] partialStripe = finishChunk();
      while (sender.underWay() > 0) {
        sender.work();
      }
      ChunkWrite last = sender.lastSealed();
      if (resumable && last != null && size < (last.index() + 1) * policy.chunkBytes()) {
        tail = new Tail(last.index(), partialStripe, last.crcs());
      }
    } catch (AshlarException e) {
      broken = e;
      throw e;
    }
  }

  /**
   * Sends what is left of the present chunk. Returns its last stripe if that is partial and may be
   * needed again.
   */
  private byte[] finishChunk() throws AshlarException {
    ChunkWrite current = chunk;
    Batch filling = batch;
    nextStripes = 1;
    if (current == null) {
      return new byte[0];
    }
    if (filling == null || filling.bytes() == 0) {
      batch = null;
      chunk = null;
      if (filling != null) {
        filling.free();
      }
      if (current.length() == 0) {
        sender.drop(current);
      } else {
        current.finish();
        sender.push(current);
      }
      return new byte[0];
    }
    if (filling.open()) {
      coder.code(filling, filling.lastStripe());
    }
    byte[] partialStripe = resumable ? filling.partialStripe() : new byte[0];
    add(current, filling, true);
    chunk = null;
    return partialStripe;
  }

  /** Lets go of everything that is not published. */
  @Override
  public void close() {
    sender.close();
    if (batch != null) {
      batch.free();
      batch = null;
    }
  }
}
