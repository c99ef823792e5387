package dev.ashlar.master.server;

import dev.ashlar.master.state.LogCommand.DiskBlock;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.message.MasterReply.Task;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Blocks that count as missing and yet are in the report of their disk. A report says what the
 * disk's index says, also about blocks that the same disk found damaged, so their bytes are read
 * again before they count. One small batch per disk is under way at a time, so that deletions do
 * not wait long behind it. All this may be forgotten: the next report has the blocks again.
 * Thread-safe.
 */
final class Recount {
  private static final int BATCH_BLOCKS = 100;

  /** A slow disk reads as much in some seconds. */
  private static final long BATCH_BYTES = 256L << 20;

  private static final int BLOCKS_MAX = 50_000;

  private final Liveness liveness;
  private final TaskBoard board;
  private final Consumer<List<DiskBlock>> good;
  private final Map<Long, Pile> piles = new HashMap<>();
  private long claims;

  /**
   * @param number tells it from what the same block's report claimed before
   */
  private record Claim(DiskBlock block, long bytes, long number) {}

  /** What one disk claims to have, those under way included. */
  private static final class Pile {
    final Map<BlockKey, Claim> claims = new LinkedHashMap<>();
    boolean busy;
  }

  /**
   * @param good takes the blocks that are there and whole
   */
  Recount(Liveness liveness, TaskBoard board, Consumer<List<DiskBlock>> good) {
    this.liveness = liveness;
    this.board = board;
    this.good = good;
  }

  /** Has these blocks verified. */
  void add(long disk, List<BlockEntry> blocks) {
    synchronized (this) {
      Pile pile = piles.computeIfAbsent(disk, d -> new Pile());
      for (BlockEntry b : blocks) {
        if (pile.claims.size() < BLOCKS_MAX) {
          DiskBlock block = new DiskBlock(b.group(), b.block(), disk);
          pile.claims.putIfAbsent(b.block(), new Claim(block, b.length(), ++claims));
        }
      }
    }
    next(disk);
  }

  /** The block is damaged, or about to be dropped: a verification under way says nothing now. */
  synchronized void doubt(long disk, BlockKey block) {
    Pile pile = piles.get(disk);
    if (pile != null) {
      pile.claims.remove(block);
    }
  }

  private void next(long disk) {
    List<Claim> batch = begin(disk);
    if (batch.isEmpty()) {
      return;
    }
    List<BlockKey> blocks = batch.stream().map(c -> c.block().block()).toList();
    String server = liveness.liveServer(disk);
    if (server == null
        || !board.offer(
            server,
            0,
            id -> new Task.Verify(id, disk, blocks),
            (failure, bytes) -> ended(disk, batch, failure.isEmpty()))) {
      forget(disk);
    }
  }

  private synchronized List<Claim> begin(long disk) {
    Pile pile = piles.get(disk);
    List<Claim> batch = new ArrayList<>();
    if (pile == null || pile.busy) {
      return batch;
    }
    long bytes = 0;
    for (Claim c : pile.claims.values()) {
      bytes += c.bytes();
      if (batch.size() == BATCH_BLOCKS || bytes > BATCH_BYTES && !batch.isEmpty()) {
        break;
      }
      batch.add(c);
    }
    if (batch.isEmpty()) {
      piles.remove(disk);
    }
    pile.busy = !batch.isEmpty();
    return batch;
  }

  private synchronized void forget(long disk) {
    piles.remove(disk);
  }

  private void ended(long disk, List<Claim> batch, boolean done) {
    List<DiskBlock> proven = new ArrayList<>();
    synchronized (this) {
      Pile pile = piles.get(disk);
      if (pile == null) {
        return;
      }
      pile.busy = false;
      List<Claim> left =
          batch.stream().filter(c -> c.equals(pile.claims.get(c.block().block()))).toList();
      if (done) {
        left.forEach(c -> {
          pile.claims.remove(c.block().block());
          proven.add(c.block());
        });
      } else if (left.size() == batch.size()) {
        // None of them was called bad: the server did not come to it, and may not come to the rest.
        piles.remove(disk);
      }
    }
    if (!proven.isEmpty()) {
      good.accept(proven);
    }
    next(disk);
  }
}
