package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.MasterReply;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Places for the next chunks of a file that is written, asked for ahead in growing numbers. For one
 * thread.
 */
final class PlaceSource {
  private static final int MOST_AHEAD = 8;

  private final MasterClient masters;
  private final long inode;
  private final long epoch;
  private final ArrayDeque<ChunkPlace> ready;
  private final long expectedChunks;

  /** The lowest index that was never asked for. */
  private int next;

  private int askNext = 1;
  private @Nullable CompletableFuture<List<ChunkPlace>> asked;

  /** The first index that {@link #asked} is about. */
  private int askedFrom;

  /**
   * Places from chunk {@code first} on.
   *
   * @param expectedChunks index after the last chunk that is expected, Long.MAX_VALUE if unknown
   * @param initial places that are known already, from {@code first} on
   */
  PlaceSource(
      MasterClient masters,
      long inode,
      long epoch,
      int first,
      long expectedChunks,
      List<ChunkPlace> initial) {
    this.masters = masters;
    this.inode = inode;
    this.epoch = epoch;
    this.expectedChunks = expectedChunks;
    this.ready = new ArrayDeque<>(initial);
    this.next = first + initial.size();
  }

  /**
   * The place of a chunk: of the next one, or once more of one that was committed since. Waits for
   * it if need be, asks for those after it.
   */
  ChunkPlace take(int index) throws AshlarException {
    if (ready.isEmpty() && asked != null && index >= askedFrom) {
      takeAsked(asked);
    }
    ChunkPlace place = ready.peek();
    if (place != null && place.index() == index) {
      ready.remove();
    } else if (index >= next) {
      int count = ahead(index);
      ready.clear();
      ready.addAll(allocate(index, count, false, new long[0]));
      next = index + count;
      place = ready.poll();
    } else {
      return only(allocate(index, 1, false, new long[0]));
    }
    if (place == null) {
      throw new AshlarException(
          ErrorCode.INTERNAL,
          "The master allocated no chunk for inode " + inode + " though asked to");
    }
    askNext = Math.min(MOST_AHEAD, askNext * 2);
    if (ready.isEmpty() && asked == null && next < expectedChunks) {
      asked = ask(next, ahead(next));
    }
    return place;
  }

  /**
   * Takes what was asked for ahead. A failure, perhaps of long ago, counts as never asked: the
   * chunk that is needed now finds out how things stand.
   */
  private void takeAsked(CompletableFuture<List<ChunkPlace>> future) {
    asked = null;
    try {
      ready.addAll(await(future));
    } catch (AshlarException _) {
      next = askedFrom;
    }
  }

  private int ahead(int from) {
    return (int) Math.max(1, Math.min(askNext, expectedChunks - from));
  }

  private CompletableFuture<List<ChunkPlace>> ask(int first, int count) {
    askedFrom = first;
    next = first + count;
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return allocate(first, count, false, new long[0]);
          } catch (AshlarException e) {
            throw new CompletionException(e);
          }
        },
        task -> masters.world().startLight("ashlar-client-allocate", task));
  }

  private List<ChunkPlace> await(CompletableFuture<List<ChunkPlace>> future)
      throws AshlarException {
    try {
      return masters.world().await(future, Long.MAX_VALUE);
    } catch (ExecutionException e) {
      throw Transport.asAshlar(e.getCause() == null ? e : e.getCause());
    } catch (TimeoutException e) {
      throw new AshlarException(ErrorCode.TIMEOUT, "No master allocated chunks in time", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AshlarException(
          ErrorCode.TIMEOUT, "Interrupted while waiting for chunks to write to", e);
    }
  }

  private List<ChunkPlace> allocate(int first, int count, boolean fresh, long[] avoidGroups)
      throws AshlarException {
    return masters
        .submit(
            new Command.Allocate(inode, epoch, first, count, fresh, avoidGroups, new long[0]),
            MasterReply.Allocated.class)
        .chunks();
  }

  /** Another place for a chunk that could not be written where it was. */
  ChunkPlace instead(int index, long[] avoidGroups) throws AshlarException {
    return only(allocate(index, 1, true, avoidGroups));
  }

  private ChunkPlace only(List<ChunkPlace> places) throws AshlarException {
    if (places.size() != 1) {
      throw new AshlarException(
          ErrorCode.INTERNAL,
          "The master allocated "
              + places.size()
              + " chunks for inode "
              + inode
              + " instead of one");
    }
    return places.getFirst();
  }
}
