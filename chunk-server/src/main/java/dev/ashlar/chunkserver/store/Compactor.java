package dev.ashlar.chunkserver.store;

import dev.ashlar.chunkserver.store.BlockLog.Segment;
import dev.ashlar.chunkserver.store.StoreState.Retired;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives back the space that hole punching alone does not: segments that hold mostly waste are
 * emptied to the end of the log and deleted, and bytes that nothing refers to (writes that were
 * never sealed) are found and punched once after a start. Works in small steps on the disk's
 * thread; the caller syncs after each.
 */
final class Compactor {
  private static final Logger LOG = LoggerFactory.getLogger(Compactor.class);

  /** Records looked at in one step. */
  private static final int STEP_RECORDS = 512;

  /** Bytes copied in one step, about. */
  private static final int STEP_BYTES = 4 << 20;

  /** With less room than this for new data, less waste is worth the copying. */
  private static final long TIGHT_BYTES = 1L << 30;

  /** Free space that must remain while copying. */
  private static final long SPARE_BYTES = 16L << 20;

  private final StoreState state;
  private final StoreCore core;
  private final BlockMover mover;

  /**
   * Segments not to look at again until the next start: already emptied, or unreadable, or damaged.
   */
  private final Set<Integer> done = new HashSet<>();

  /** Segments that were there at the start and may hold bytes that nothing refers to. */
  private final Set<Integer> unswept = new HashSet<>();

  private final Set<Long> fenced = new HashSet<>();
  private @Nullable Segment segment;
  private @Nullable SegmentScanner scan;
  private boolean sweeping;

  Compactor(StoreState state, StoreCore core) {
    this.state = state;
    this.core = core;
    this.mover = new BlockMover(state, core);
    state.log.segments().forEach(s -> unswept.add(s.id()));
  }

  /** Does a little. Answers false if there is nothing to do at present. */
  boolean step() throws IOException {
    Segment at = segment;
    SegmentScanner records = scan;
    if (at == null || records == null) {
      return begin();
    }
    try {
      int copied = 0;
      for (int i = 0; i < STEP_RECORDS && copied < STEP_BYTES; i++) {
        LogRecord r = next(at, records);
        if (r == null) {
          finish(at, records);
          return true;
        }
        if (sweeping) {
          sweep(r);
        } else {
          copied += rescue(r, at.id());
        }
      }
    } catch (UnreadableException | AshlarException e) {
      LOG.warn(
          "Disk {}: leaving {} as it is: {}",
          state.log.disk(),
          SegmentName.of(at.id()),
          e.getMessage());
      abandon(at);
    }
    return true;
  }

  private static @Nullable LogRecord next(Segment at, SegmentScanner records)
      throws UnreadableException {
    try {
      return records.next();
    } catch (IOException e) {
      throw new UnreadableException(
          SegmentName.of(at.id()) + " cannot be read: " + e.getMessage(), e);
    }
  }

  private boolean begin() throws IOException {
    boolean tight = core.full(TIGHT_BYTES) != null;
    long usable = state.log.usableBytes();
    Segment most = null;
    long mostWaste = 0;
    for (Segment s : state.log.segments()) {
      if (s.damaged() || done.contains(s.id())) {
        continue;
      }
      long live = state.space.live(s.id());
      long waste = state.space.allocated(s.id()) - live;
      boolean idle = !state.log.isActive(s.id());
      if (idle
          && waste > mostWaste
          && waste > (tight ? live / 8 : live)
          && usable > live + SPARE_BYTES) {
        most = s;
        mostWaste = waste;
      } else if (unswept.remove(s.id()) && waste > live / 4) {
        start(s, true);
        return true;
      }
    }
    if (most == null) {
      return false;
    }
    start(most, false);
    return true;
  }

  private void start(Segment s, boolean sweep) throws IOException {
    sweeping = sweep;
    segment = s;
    // The file that is written may be longer than the log, and is cut when its writing ends.
    long end = state.log.isActive(s.id()) ? Address.position(state.log.tail()) : s.file().size();
    scan = new SegmentScanner(s.file(), state.log.disk(), s.id(), BlockLog.FILE_HEADER, end);
    fenced.clear();
  }

  private void finish(Segment at, SegmentScanner records) {
    if (sweeping) {
      segment = null;
      scan = null;
    } else if (!records.damage().isEmpty() || state.space.live(at.id()) > 0) {
      LOG.error(
          "Disk {}: {} has damaged places and cannot be compacted; its other blocks were moved",
          state.log.disk(),
          SegmentName.of(at.id()));
      abandon(at);
    } else {
      core.retire(new Retired.File(at));
      abandon(at);
    }
  }

  private void abandon(Segment at) {
    done.add(at.id());
    segment = null;
    scan = null;
  }

  private void sweep(LogRecord r) throws IOException {
    if (r.type() == LogRecord.Type.DATA && r.payloadBytes() > 0) {
      List<Extent> unused =
          state.unused(r.key(), List.of(new Extent(r.payload(), r.payloadBytes())));
      if (!unused.isEmpty()) {
        core.retire(new Retired.Bytes(unused));
      }
    }
  }

  /** Carries on what a record of the segment still means. Answers the bytes copied. */
  private int rescue(LogRecord r, int leaving) throws IOException {
    BlockKey key = r.key();
    long epoch = r.epoch();
    int copied = 0;
    switch (r.type()) {
      case DATA -> copied = mover.move(key.chunk(), key.index(), leaving);
      case SEAL -> {
        BlockRow row = state.index.row(state.index.pending(), key);
        if (row != null && row.sealTo() == leaving) {
          // From this segment on still: its file may outlive a crash, and the seal with it.
          core.replaced(core.appendSeal(row.sealed(state.log.oldestFrom(row.sealFrom()), 0)));
        }
      }
      case TOMBSTONE -> tombstone(r, leaving);
      case FENCE, MARK -> {}
    }
    if (epoch > 0) {
      fence(key.chunk(), epoch);
    }
    return copied;
  }

  /**
   * A tombstone is needed as long as any other segment exists that may hold a seal it voids: seals
   * of its own segment go, or stay, together with it.
   */
  private void tombstone(LogRecord r, int leaving) throws IOException {
    int from = state.log.oldestFrom((int) r.a());
    if (from == leaving) {
      from = state.log.oldestFrom(leaving + 1);
    }
    if (from > r.b()) {
      return;
    }
    BlockRow row = state.index.row(state.index.pending(), r.key());
    if (row == null) {
      core.appendSmall(LogRecord.Type.TOMBSTONE, r.key(), r.epoch(), r.group(), from, r.b());
    } else if (row.sealFrom() > from) {
      // The block exists again: its own tombstone, some day, must void the old seals too.
      core.replaced(core.appendSeal(row.sealed(from, 0)));
    }
  }

  private void fence(long chunk, long epoch) throws IOException {
    if (epoch == state.index.fence(state.index.pending(), chunk) && !fenced.contains(chunk)) {
      long highest = state.index.highestEpoch(state.index.pending(), chunk);
      if (highest >= 0 && highest < epoch) {
        fenced.add(chunk);
        core.appendSmall(LogRecord.Type.FENCE, new BlockKey(chunk, 0, 0), epoch, 0, 0, 0);
      }
    }
  }

  /** Bytes of the log that could not be read: says nothing about writing. */
  static final class UnreadableException extends IOException {
    private static final long serialVersionUID = 1L;

    UnreadableException(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }
}
