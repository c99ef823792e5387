package dev.ashlar.chunkserver.server;

import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.message.ChunkReply.BlockInfo;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the master what is on a disk, digests first, and drops what its verdict calls garbage. A
 * verdict is about the blocks as they were reported: one that was written anew since (by another
 * lease, or by a rebuild) is kept. One thread.
 */
final class BlockReporter {
  private static final Logger LOG = LoggerFactory.getLogger(BlockReporter.class);
  private static final long DELETE_SECONDS = 60;

  private final String server;
  private final Master master;
  private final TaskRunner tasks;
  private final World world;
  private final int most;

  /** Asks the leader and waits for its answer. */
  interface Master {
    MasterReply call(MasterRequest request) throws AshlarException;
  }

  /**
   * @param most blocks in one report; one more chunk's may be added, since a chunk is not cut
   */
  BlockReporter(String server, Master master, TaskRunner tasks, World world, int most) {
    this.world = world;
    this.most = most;
    this.server = server;
    this.master = master;
    this.tasks = tasks;
  }

  /** Reports one disk. Blocks. */
  void report(BlockStore store) throws AshlarException {
    long disk = store.diskId();
    MasterReply reply = master.call(new MasterRequest.BlockDigests(server, disk, store.digests()));
    if (!(reply instanceof MasterReply.ReportWanted wanted)) {
      throw unexpected(reply);
    }
    for (long group : wanted.groups()) {
      report(store, group, wanted.number());
    }
  }

  /** In parts, of which each begins with the chunk that the one before ended at. */
  private void report(BlockStore store, long group, long number) throws AshlarException {
    long moment = tasks.moment();
    List<BlockEntry> blocks = store.blocksOf(group);
    int done = 0;
    long from = 0;
    do {
      int end = partEnd(blocks, done);
      long to = end == blocks.size() ? 0 : blocks.get(end).block().chunk();
      List<BlockEntry> part = blocks.subList(done, end);
      MasterReply reply =
          master.call(
              new MasterRequest.BlockReport(server, store.diskId(), group, part, number, from, to));
      if (!(reply instanceof MasterReply.Verdict verdict)) {
        throw unexpected(reply);
      }
      drop(store, part, verdict.delete(), moment);
      done = end;
      from = to;
    } while (from != 0);
  }

  /** Where a part that begins here ends: not within the blocks of a chunk. */
  private int partEnd(List<BlockEntry> blocks, int begin) {
    int end = Math.min(blocks.size(), begin + most);
    while (end < blocks.size()
        && blocks.get(end).block().chunk() == blocks.get(end - 1).block().chunk()) {
      end++;
    }
    return end;
  }

  private static AshlarException unexpected(MasterReply reply) {
    return new AshlarException(
        ErrorCode.INTERNAL,
        "The master answered a block report with " + reply.getClass().getSimpleName());
  }

  private void drop(
      BlockStore store, List<BlockEntry> reported, List<BlockKey> verdict, long moment)
      throws AshlarException {
    if (verdict.isEmpty()) {
      return;
    }
    Map<BlockKey, BlockEntry> then = new HashMap<>();
    reported.forEach(b -> then.put(b.block(), b));
    List<BlockKey> garbage = new ArrayList<>();
    for (BlockKey key : verdict) {
      BlockEntry was = then.get(key);
      if (was != null
          && !tasks.touchedSince(moment, key, store.diskId())
          && unchanged(store, was)) {
        garbage.add(key);
      }
    }
    await(world, store.delete(garbage));
    LOG.info("Dropped {} blocks that nobody needs from disk {}", garbage.size(), store.diskId());
  }

  private static boolean unchanged(BlockStore store, BlockEntry was) throws AshlarException {
    try {
      BlockInfo now = store.stat(was.block());
      return now.epoch() == was.epoch()
          && now.sealed() == was.sealed()
          && now.length() == was.length()
          && now.root() == was.root();
    } catch (AshlarException e) {
      if (e.code() == ErrorCode.VERSION_GONE) {
        return false;
      }
      throw e;
    }
  }

  static void await(World world, CompletableFuture<Void> deletion) throws AshlarException {
    try {
      world.await(deletion, TimeUnit.SECONDS.toNanos(DELETE_SECONDS));
    } catch (ExecutionException e) {
      if (e.getCause() instanceof AshlarException a) {
        throw a;
      }
      throw new AshlarException(ErrorCode.INTERNAL, "Deleting failed: " + e.getCause(), e);
    } catch (TimeoutException e) {
      throw new AshlarException(
          ErrorCode.TIMEOUT, "The disk did not delete within " + DELETE_SECONDS + " s", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AshlarException(ErrorCode.UNAVAILABLE, "The chunk server is stopping", e);
    }
  }
}
