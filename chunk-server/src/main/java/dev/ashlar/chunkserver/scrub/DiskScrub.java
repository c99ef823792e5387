package dev.ashlar.chunkserver.scrub;

import dev.ashlar.chunkserver.scrub.ScrubState.Search;
import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The scrub of one disk: goes through the blocks in key order, round after round, one block at each
 * {@link #step}. Damage seldom comes alone: when some is met, by whomever, the whole disk is gone
 * through at once, as fast as is allowed, before the round goes on. One thread, which also decides
 * when to step.
 */
public final class DiskScrub {
  private static final Logger LOG = LoggerFactory.getLogger(DiskScrub.class);

  /** Progress is kept on disk at least so often. */
  private static final long SAVE_MS = 60_000;

  private static final long COMPLAIN_MS = 3_600_000;

  /** Until a block is checked again that could not be read now, or was bad and not told. */
  private static final long AGAIN_MS = 1_000;

  private final Path directory;
  private final BlockStore store;
  private final ScrubPace pace;
  private final long bytesPerSecond;
  private final LongSupplier clockMs;
  private final Predicate<BadBlock> bad;
  private final KnownDamage known = new KnownDamage();
  private final Walk round;
  private final Walk searching;
  private ScrubState state;
  private long savedMs;
  private long complainedMs;
  private long notBeforeMs;

  /** Bytes read that took less than a millisecond of the rate, and are added to the next ones. */
  private long unpaid;

  /**
   * @param directory of the disk, where progress is kept
   * @param bytesPerSecond most that is read, however late the round is
   * @param clockMs wall clock, ms since 1970
   * @param bad takes what is found; false if it cannot now, then it is asked again
   */
  public DiskScrub(
      Path directory,
      BlockStore store,
      Duration period,
      long bytesPerSecond,
      LongSupplier clockMs,
      Predicate<BadBlock> bad) {
    this.directory = directory;
    this.store = store;
    this.pace = new ScrubPace(period.toMillis());
    this.bytesPerSecond = bytesPerSecond;
    this.clockMs = clockMs;
    this.bad = bad;
    round = new Walk(store);
    searching = new Walk(store);
    state = ScrubState.load(directory, clockMs.getAsLong());
    savedMs = clockMs.getAsLong();
  }

  /** When to call {@link #step} next, ms since 1970. */
  public long nextMs() {
    return Math.max(notBeforeMs, Math.min(known.nextMs(), walkMs()));
  }

  private long walkMs() {
    if (state.search() != null) {
      return 0;
    }
    return state.waiting()
        ? state.startMs() + pace.aimMs()
        : pace.nextMs(state.startMs(), state.doneBytes(), store.report().usedBytes());
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

  /** What a person should know: that damage is being searched for, or the alarm; or empty. */
  public String notice() {
    Search s = state.search();
    return s == null
        ? overdue()
        : "damage was found, the whole disk is re-read: "
            + s.doneBytes()
            + " of "
            + store.report().usedBytes()
            + " bytes are checked";
  }

  /**
   * Somebody met damage in this block and told the master. Unless it is known, the whole disk is
   * searched for more.
   */
  public void damaged(BlockKey block) {
    long now = clockMs.getAsLong();
    if (!known.add(block, now)) {
      return;
    }
    Search s = state.search();
    if (s == null) {
      LOG.warn("{} on the disk in {} is damaged: all of it is re-read now", block, directory);
      searching.restart();
      state = state.with(Search.from(now));
      save(now);
    } else if (s.passed(block) && !s.again()) {
      state = state.with(s.repeated());
      save(now);
    }
  }

  /**
   * Checks the next block, or ends the round, or starts the next one. Blocks for as long as one
   * block takes to read.
   */
  public void step() throws AshlarException {
    long now = clockMs.getAsLong();
    BlockKey again = known.next(now);
    Search search = state.search();
    if (again != null) {
      recheck(again, now);
    } else if (search != null) {
      search(search, now);
    } else if (walkMs() <= now) {
      round(now);
    }
    if (now - savedMs >= SAVE_MS) {
      save(now);
    }
    complain(now);
  }

  private void search(Search search, long now) throws AshlarException {
    BlockEntry next = searching.next(search.after());
    if (next == null) {
      LOG.info(
          "All of the disk in {} was re-read because of damage; {} blocks are known to be damaged",
          directory,
          known.size());
      searching.restart();
      round.restart();
      state = state.searched(search, now);
      state = search.again() ? state.with(Search.from(now)) : state;
      save(now);
    } else if (checked(next, now)) {
      searching.taken();
      // Looking at the block may have told that another search must follow.
      Search s = state.search();
      state = state.with((s == null ? search : s).checked(next.block(), next.length()));
    }
  }

  private void round(long now) throws AshlarException {
    if (state.waiting()) {
      state = state.nextRound(now);
      round.restart();
      save(now);
    }
    BlockEntry next = round.next(state.after());
    if (next == null) {
      state = state.ended(now);
      round.restart();
      save(now);
      LOG.debug("Scrub of {} has checked every block", directory);
    } else if (checked(next, now)) {
      round.taken();
      state = state.checked(next.block(), next.length());
    }
  }

  /** Returns whether the walk may go on. */
  private boolean checked(BlockEntry next, long now) throws AshlarException {
    if (!next.sealed()) {
      return true;
    }
    pay(next.length(), now);
    return check(next.block(), now);
  }

  private void recheck(BlockKey block, long now) throws AshlarException {
    try {
      pay(store.stat(block).length(), now);
      check(block, now);
    } catch (AshlarException e) {
      if (e.code() != ErrorCode.VERSION_GONE) {
        throw e;
      }
      known.mended(block);
    }
  }

  private void pay(long bytes, long now) {
    unpaid += bytes;
    long ms = (long) (1000.0 * unpaid / bytesPerSecond);
    unpaid -= (long) (ms / 1000.0 * bytesPerSecond);
    notBeforeMs = now + ms;
  }

  private boolean check(BlockKey block, long now) throws AshlarException {
    List<BadBlock> found;
    try {
      found = store.verify(List.of(block));
    } catch (AshlarException e) {
      if (e.code() != ErrorCode.RETRY) {
        throw e;
      }
      LOG.debug("{} on the disk in {} cannot be checked now", block, directory, e);
      notBeforeMs = Math.max(notBeforeMs, now + AGAIN_MS);
      return false;
    }
    if (found.isEmpty()) {
      known.mended(block);
      return true;
    }
    damaged(block);
    boolean told = bad.test(found.getFirst());
    if (!told) {
      notBeforeMs = Math.max(notBeforeMs, now + AGAIN_MS);
    }
    return told;
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
