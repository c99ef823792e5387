package dev.ashlar.chunkserver.scrub;

import dev.ashlar.protocol.BlockKey;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * How far the scrub of one disk is; kept in the file {@value #FILE} of the disk's directory so that
 * a restart goes on with it and the due date stays.
 *
 * @param startMs when this round started, ms since 1970
 * @param after last block checked in this round, null before the first
 * @param doneBytes checked in this round
 * @param waiting true when the round is over and the next one is not due to start yet
 * @param lastRoundMs when the last whole round ended, 0 if none has
 */
record ScrubState(
    long startMs, @Nullable BlockKey after, long doneBytes, boolean waiting, long lastRoundMs) {
  static final String FILE = "scrub.properties";

  static ScrubState fresh(long nowMs) {
    return new ScrubState(nowMs, null, 0, false, 0);
  }

  ScrubState checked(BlockKey block, long bytes) {
    return new ScrubState(startMs, block, doneBytes + bytes, false, lastRoundMs);
  }

  ScrubState ended(long nowMs) {
    return new ScrubState(startMs, null, doneBytes, true, nowMs);
  }

  ScrubState nextRound(long nowMs) {
    return new ScrubState(nowMs, null, 0, false, lastRoundMs);
  }

  /** Reads the file; a missing or unreadable one means that a new round starts now. */
  static ScrubState load(Path directory, long nowMs) {
    Properties p = new Properties();
    try (Reader r = Files.newBufferedReader(directory.resolve(FILE))) {
      p.load(r);
      long start = number(p, "start");
      long chunk = number(p, "chunk");
      BlockKey after =
          chunk == 0 ? null : new BlockKey(chunk, number(p, "version"), (int) number(p, "index"));
      // A clock that was set back must not put the due date off.
      return new ScrubState(
          Math.min(start, nowMs),
          after,
          number(p, "done"),
          Boolean.parseBoolean(p.getProperty("waiting")),
          number(p, "last"));
    } catch (IOException | IllegalArgumentException e) {
      return fresh(nowMs);
    }
  }

  private static long number(Properties p, String key) {
    return Long.parseLong(p.getProperty(key, ""));
  }

  /** Replaces the file in one step. */
  void save(Path directory) throws IOException {
    Properties p = new Properties();
    p.setProperty("start", Long.toString(startMs));
    p.setProperty("chunk", after == null ? "0" : Long.toString(after.chunk()));
    p.setProperty("version", after == null ? "0" : Long.toString(after.version()));
    p.setProperty("index", after == null ? "0" : Integer.toString(after.index()));
    p.setProperty("done", Long.toString(doneBytes));
    p.setProperty("waiting", Boolean.toString(waiting));
    p.setProperty("last", Long.toString(lastRoundMs));
    Path fresh = directory.resolve(FILE + ".new");
    try (Writer w = Files.newBufferedWriter(fresh)) {
      p.store(w, null);
    }
    Files.move(
        fresh,
        directory.resolve(FILE),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }
}
