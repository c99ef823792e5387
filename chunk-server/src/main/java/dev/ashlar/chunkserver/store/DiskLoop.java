package dev.ashlar.chunkserver.store;

import dev.ashlar.chunkserver.store.DiskQueue.Operation;
import dev.ashlar.chunkserver.store.DiskQueue.Outcome;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.World;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the disk's thread does: takes all operations that wait, does them, syncs once for all that
 * want to be durable, answers; in between and when idle, gives space back. Ends when the queue ends
 * or when anything but a refusal goes wrong; at once when the queue is closed, since what is found
 * at the directory's path may be another disk by then.
 */
final class DiskLoop implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(DiskLoop.class);

  private static final long IDLE_MILLIS = 500;

  /** Once idle and tidy: nothing changes by itself. */
  private static final long ASLEEP_MILLIS = 5_000;

  /** While somebody reads what is to be freed. */
  private static final long WAIT_MILLIS = 50;

  /** Batches between two steps of compaction under load. */
  private static final int BATCHES_PER_STEP = 16;

  private final Function<Throwable, AshlarException> fail;
  private final DiskQueue queue;
  private final StoreState state;
  private final StoreCore core;
  private final Compactor compactor;
  private final World world;
  private int sinceStep;
  private volatile boolean busy;
  private volatile long busySinceNs;

  DiskLoop(
      Function<Throwable, AshlarException> fail,
      DiskQueue queue,
      StoreState state,
      StoreCore core,
      World world) {
    this.fail = fail;
    this.queue = queue;
    this.state = state;
    this.core = core;
    this.compactor = new Compactor(state, core);
    this.world = world;
  }

  @Override
  @SuppressWarnings("CatchingUnchecked")
  public void run() {
    List<Operation<?>> batch = List.of();
    try {
      long wait = 0;
      while (!queue.finished()) {
        busy = false;
        batch = queue.take(wait);
        begin();
        serve(batch);
        requireOpen();
        boolean idle = batch.isEmpty();
        begin();
        boolean more = tidy(idle);
        wait = more ? 0 : state.leases.waiting() ? WAIT_MILLIS : idle ? ASLEEP_MILLIS : IDLE_MILLIS;
      }
      requireOpen();
      core.sync();
      mark();
      core.sync();
    } catch (InterruptedException | IOException | RuntimeException | Error e) {
      AshlarException closed = queue.closed();
      AshlarException reason = closed == null ? fail.apply(e) : closed;
      for (Operation<?> o : batch) {
        o.answer().completeExceptionally(reason);
      }
    } finally {
      busy = false;
      // A transaction of the index belongs to the thread that began it.
      state.index.rollback();
    }
  }

  private void begin() {
    busySinceNs = world.nanoTime();
    busy = true;
  }

  /** See {@link BlockStore#busyNs}. Any thread. */
  long busyNs() {
    return busy ? Math.max(0, world.nanoTime() - busySinceNs) : 0;
  }

  private void requireOpen() throws AshlarException {
    AshlarException closed = queue.closed();
    if (closed != null) {
      throw closed;
    }
  }

  private void serve(List<Operation<?>> batch) throws IOException {
    List<Outcome> synced = new ArrayList<>();
    for (Operation<?> operation : batch) {
      requireOpen();
      Outcome outcome = operation.run(core);
      if (outcome.afterSync()) {
        synced.add(outcome);
      } else {
        queue.answer(List.of(outcome));
      }
    }
    if (!synced.isEmpty()) {
      core.sync();
      queue.answer(synced);
    }
  }

  private boolean tidy(boolean idle) throws IOException {
    boolean busy = core.reclaim();
    if (idle || ++sinceStep >= BATCHES_PER_STEP) {
      sinceStep = 0;
      busy |= compactor.step();
      if (core.unsynced()) {
        core.sync();
      }
      if (idle && !busy) {
        mark();
      }
    }
    return busy;
  }

  private void mark() throws IOException {
    try {
      core.mark();
    } catch (AshlarException e) {
      if (e.code() != ErrorCode.NO_SPACE) {
        throw e;
      }
      LOG.debug("No room for a mark", e);
    }
  }
}
