package dev.ashlar.client;

import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.Checksums;
import dev.ashlar.protocol.message.BlockPlace;
import dev.ashlar.protocol.message.ChunkReply;
import dev.ashlar.protocol.message.ChunkRequest;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One block of a chunk that is being written: what goes to its server next, a few requests ahead of
 * the answers, and how it ended. Decides only; {@link ChunkWrite} owns it.
 */
final class Lane {
  /**
   * Requests under way. One connection carries them in order and the server takes them in order;
   * with the second one already there it need not wait for this client.
   */
  private static final int WINDOW = 2;

  /**
   * A request.
   *
   * @param batch whose bytes it carries, if any
   * @param upTo how many batches are received or passed over once it is answered
   */
  record Send(Lane lane, ChunkRequest request, @Nullable Batch batch, int upTo, long sentAtNs) {}

  private final ChunkWrite chunk;
  private final int index;
  private final BlockPlace place;
  private final BlockKey key;
  private final IntList crcs = new IntList();
  private boolean keptKnown;
  private int nextBatch;
  private final ArrayDeque<Send> underWay = new ArrayDeque<>();
  private boolean sealSent;
  private long tookNs;
  private int received;
  private @Nullable String failure;
  private boolean sealed;

  /**
   * A lane that has sent nothing.
   *
   * @param keptCrcs of the slices shared with the base, null if they are not known
   */
  Lane(ChunkWrite chunk, int index, BlockPlace place, int @Nullable [] keptCrcs) {
    this.chunk = chunk;
    this.index = index;
    this.place = place;
    this.key = new BlockKey(chunk.place().chunk(), chunk.place().version(), index);
    this.keptKnown = keptCrcs != null || chunk.keep() == 0;
    if (keptCrcs != null) {
      crcs.addAll(keptCrcs);
    }
  }

  ChunkWrite chunk() {
    return chunk;
  }

  int index() {
    return index;
  }

  BlockPlace place() {
    return place;
  }

  boolean busy() {
    return !underWay.isEmpty();
  }

  /** When the oldest request under way was sent; only if {@link #busy}. */
  long sentAtNs() {
    return underWay.getFirst().sentAtNs;
  }

  /** How long the last answer took. */
  long tookNs() {
    return tookNs;
  }

  /** Grows with every answer, so that sisters can be compared. */
  int progress() {
    return sealed ? Integer.MAX_VALUE : received;
  }

  @Nullable String failure() {
    return failure;
  }

  boolean sealed() {
    return sealed;
  }

  /** Whether nothing more will happen here. */
  boolean ended() {
    return failure != null || sealed || (chunk.complete() && chunk.blockLength(index) == 0);
  }

  /**
   * Whether the checksums of the whole block are known: not if it shares bytes whose checksums only
   * its lost server could tell.
   */
  boolean known() {
    return keptKnown || chunk.blockLength(index) == 0;
  }

  /** CRC root of the block as written, if {@link #known}. */
  int root() {
    return Checksums.root(crcs.toArray(), crcs.size(), chunk.blockLength(index));
  }

  /** Checksums of all slices so far, if {@link #known}. */
  int[] crcs() {
    return crcs.toArray();
  }

  /**
   * Remembers the checksums of a batch that was just added to the chunk, whether or not this lane
   * will send it.
   */
  void added(Batch batch) {
    crcs.addAll(batch.usedCrcs(index));
  }

  /** What to send now; null if there is nothing, or enough is under way. */
  @Nullable Send next(long nowNs) {
    if (underWay.size() == WINDOW || sealSent || ended()) {
      return null;
    }
    List<Batch> batches = chunk.batches();
    while (nextBatch < batches.size() && batches.get(nextBatch).length(index) == 0) {
      nextBatch++;
    }
    ChunkRequest request;
    Batch batch = null;
    if (nextBatch < batches.size()) {
      batch = batches.get(nextBatch++);
      request = write(batch);
    } else if (chunk.complete()) {
      request = seal();
    } else {
      return null;
    }
    Send send = new Send(this, request, batch, nextBatch, nowNs);
    underWay.add(send);
    return send;
  }

  private ChunkRequest write(Batch batch) {
    sealSent =
        chunk.complete() && batch.blockOffset() + batch.length(index) == chunk.blockLength(index);
    return new ChunkRequest.WriteBlock(
        key,
        place.disk(),
        chunk.place().group(),
        chunk.place().token(),
        chunk.base(),
        chunk.keep(),
        batch.blockOffset(),
        batch.usedCrcs(index),
        sealSent);
  }

  private ChunkRequest seal() {
    sealSent = true;
    return new ChunkRequest.SealBlock(
        key,
        place.disk(),
        chunk.place().group(),
        chunk.place().token(),
        chunk.base(),
        chunk.keep(),
        chunk.blockLength(index));
  }

  /** The answer to a request. Returns a sentence if it proves the block wrong. */
  @Nullable String answered(Send send, ChunkReply reply, long afterNs) {
    underWay.remove(send);
    tookNs = afterNs;
    received = Math.max(received, send.upTo);
    return switch (reply) {
      case ChunkReply.Written _ -> null;
      case ChunkReply.Sealed s -> sealedAs(s);
      default -> "it answered a write with " + reply.getClass().getSimpleName();
    };
  }

  private @Nullable String sealedAs(ChunkReply.Sealed s) {
    long length = chunk.blockLength(index);
    if (s.length() != length) {
      return "it sealed " + s.length() + " bytes of " + length;
    }
    if (keptKnown) {
      if (s.root() != Checksums.root(crcs.toArray(), crcs.size(), length)) {
        return "what it sealed has other checksums than what was sent";
      }
    } else {
      int kept = BlockLayout.slices(chunk.keep());
      int[] mine = crcs.toArray();
      if (s.crcs().length != kept + mine.length
          || !Arrays.equals(mine, 0, mine.length, s.crcs(), kept, s.crcs().length)) {
        return "what it sealed has other checksums than what was sent";
      }
      if (s.root() != Checksums.root(s.crcs(), s.crcs().length, length)) {
        return "the root of what it sealed does not match its checksums";
      }
      crcs.set(s.crcs());
      keptKnown = true;
    }
    sealed = true;
    return null;
  }

  void fail(String why) {
    underWay.clear();
    if (failure == null) {
      failure = why;
    }
  }
}
