package dev.ashlar.chunkserver.scrub;

import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The scrub of one disk: goes through the blocks in key order, round after round, one block at each
 * {@link #step}. One thread, which also decides when to step.
 */
public final class DiskScrub {
  private static final Logger LOG = LoggerFactory.getLogger(DiskScrub.class);

  private static final int PAGE = 256;

  /** Progress is kept on disk at least so often. */
  private static final long SAVE_MS = 60_000;

  private static final long COMPLAIN_MS = 3_600_000;

  private final Path directory;
  private final BlockStore store;
  private final ScrubPace pace;
  private final long bytesPerSecond;
  private final LongSupplier clockMs;
  private final Consumer<BadBlock> bad;
  private final Deque<BlockEntry> page = new ArrayDeque<>();
  private boolean lastPage;
  private ScrubState state;
  private long savedMs;
  private long complainedMs;
  private long notBeforeMs;

  /**
   * @param directory of the disk, where progress is kept
   * @param bytesPerSecond most that is read, however late the round is
   * @param clockMs wall clock, ms since 1970
   */
  public DiskScrub(
      Path directory,
      BlockStore store,
      Duration period,
      long bytesPerSecond,
      LongSupplier clockMs,
      Consumer<BadBlock> bad) {
    this.directory = directory;
    this.store = store;
    this.pace = new ScrubPace(period.toMillis());
    this.bytesPerSecond = bytesPerSecond;
    this.clockMs = clockMs;
    this.bad = bad;
    state = ScrubState.load(directory, clockMs.getAsLong());
    savedMs = clockMs.getAsLong();
  }

  /** When to call {@link #step} next, ms since 1970. */
  public long nextMs() {
    if (state.waiting()) {
      return state.startMs() + pace.aimMs();
    }
    return Math.max(
        notBeforeMs, pace.nextMs(state.startMs(), state.doneBytes(), store.report().usedBytes()));
  }

  /** The alarm: empty if every block was checked within the period, else a sentence. */
  public String overdue() {
    long now = clockMs.getAsLong();
    if (state.waiting() || now <= pace.dueMs(state.startMs())) {
      return "";
    }
    return "scrub overdue since "
        + Instant.ofEpochMilli(pace.dueMs(state.startMs()))
        + ": "
        + state.doneBytes()
        + " of "
        + store.report().usedBytes()
        + " bytes are checked";
  }

  /**
   * Checks the next block, or ends the round, or starts the next one. Blocks for as long as one
   * block takes to read.
   */
  public void step() throws AshlarException {
    long now = clockMs.getAsLong();
    if (state.waiting()) {
      state = state.nextRound(now);
      lastPage = false;
      save(now);
    }
    if (page.isEmpty() && !lastPage) {
      var blocks = store.list(state.after(), PAGE);
      page.addAll(blocks.blocks());
      lastPage = !blocks.more();
    }
    BlockEntry next = page.poll();
    if (next == null) {
      state = state.ended(now);
      lastPage = false;
      save(now);
      LOG.debug("Scrub of {} has checked every block", directory);
      return;
    }
    if (next.sealed()) {
      store.verify(List.of(next.block())).forEach(bad);
      notBeforeMs = now + next.length() * 1000 / bytesPerSecond;
    }
    state = state.checked(next.block(), next.length());
    if (now - savedMs >= SAVE_MS) {
      save(now);
    }
    complain(now);
  }

  private void complain(long now) {
    String alarm = overdue();
    if (!alarm.isEmpty() && now - complainedMs >= COMPLAIN_MS) {
      complainedMs = now;
      LOG.warn("Disk in {}: {}", directory, alarm);
    }
  }

  private void save(long now) {
    savedMs = now;
    try {
      state.save(directory);
    } catch (IOException e) {
      LOG.warn("The progress of the scrub of {} was not kept: {}", directory, e.getMessage());
    }
  }

  /** Keeps the progress for the next start. */
  public void save() {
    save(clockMs.getAsLong());
  }
}
