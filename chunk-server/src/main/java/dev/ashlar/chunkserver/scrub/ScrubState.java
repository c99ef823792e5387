package dev.ashlar.chunkserver.scrub;

import dev.ashlar.protocol.BlockKey;
import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
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
 * @param search for more damage, null if none is under way; the round stands still meanwhile
 */
record ScrubState(
    long startMs,
    @Nullable BlockKey after,
    long doneBytes,
    boolean waiting,
    long lastRoundMs,
    @Nullable Search search) {
  static final String FILE = "scrub.properties";

  /**
   * A pass over the whole disk because damage was found.
   *
   * @param startMs when it started, ms since 1970
   * @param after last block checked, null before the first
   * @param doneBytes checked
   * @param again whether damage was met meanwhile where it had already been: then another follows
   */
  record Search(long startMs, @Nullable BlockKey after, long doneBytes, boolean again) {
    static Search from(long nowMs) {
      return new Search(nowMs, null, 0, false);
    }

    Search checked(BlockKey block, long bytes) {
      return new Search(startMs, block, doneBytes + bytes, again);
    }

    /** Whether it has passed the place of this block. */
    boolean passed(BlockKey block) {
      return after != null && block.compareTo(after) <= 0;
    }

    Search repeated() {
      return new Search(startMs, after, doneBytes, true);
    }
  }

  static ScrubState fresh(long nowMs) {
    return new ScrubState(nowMs, null, 0, false, 0, null);
  }

  ScrubState checked(BlockKey block, long bytes) {
    return new ScrubState(startMs, block, doneBytes + bytes, false, lastRoundMs, search);
  }

  ScrubState ended(long nowMs) {
    return new ScrubState(startMs, null, doneBytes, true, nowMs, search);
  }

  ScrubState nextRound(long nowMs) {
    return new ScrubState(nowMs, null, 0, false, lastRoundMs, search);
  }

  ScrubState with(Search s) {
    return new ScrubState(startMs, after, doneBytes, waiting, lastRoundMs, s);
  }

  /** The search is through, which is as good as a round that started when it did. */
  ScrubState searched(Search s, long nowMs) {
    return new ScrubState(s.startMs(), null, s.doneBytes(), true, nowMs, null);
  }

  /** Reads the file; a missing or unreadable one means that a new round starts now. */
  static ScrubState load(Path directory, long nowMs) {
    Properties p = new Properties();
    try (Reader r = Files.newBufferedReader(directory.resolve(FILE))) {
      p.load(r);
      // A clock that was set back must not put the due date off.
      return new ScrubState(
          Math.min(number(p, "start"), nowMs),
          block(p, ""),
          number(p, "done"),
          Boolean.parseBoolean(p.getProperty("waiting")),
          number(p, "last"),
          p.containsKey("search-start") ? search(p, nowMs) : null);
    } catch (IOException | IllegalArgumentException e) {
      return fresh(nowMs);
    }
  }

  private static Search search(Properties p, long nowMs) {
    return new Search(
        Math.min(number(p, "search-start"), nowMs),
        block(p, "search-"),
        number(p, "search-done"),
        Boolean.parseBoolean(p.getProperty("search-again")));
  }

  private static @Nullable BlockKey block(Properties p, String prefix) {
    long chunk = number(p, prefix + "chunk");
    return chunk == 0
        ? null
        : new BlockKey(chunk, number(p, prefix + "version"), (int) number(p, prefix + "index"));
  }

  private static long number(Properties p, String key) {
    return Long.parseLong(p.getProperty(key, ""));
  }

  /** Replaces the file in one step, synced. */
  void save(Path directory) throws IOException {
    Properties p = new Properties();
    p.setProperty("start", Long.toString(startMs));
    put(p, "", after);
    p.setProperty("done", Long.toString(doneBytes));
    p.setProperty("waiting", Boolean.toString(waiting));
    p.setProperty("last", Long.toString(lastRoundMs));
    Search s = search;
    if (s != null) {
      p.setProperty("search-start", Long.toString(s.startMs()));
      put(p, "search-", s.after());
      p.setProperty("search-done", Long.toString(s.doneBytes()));
      p.setProperty("search-again", Boolean.toString(s.again()));
    }
    StringWriter text = new StringWriter();
    p.store(text, null);
    Path fresh = directory.resolve(FILE + ".new");
    try (FileChannel file =
        FileChannel.open(
            fresh,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer bytes = StandardCharsets.UTF_8.encode(text.toString());
      while (bytes.hasRemaining()) {
        file.write(bytes);
      }
      file.force(true);
    }
    Files.move(
        fresh,
        directory.resolve(FILE),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  private static void put(Properties p, String prefix, @Nullable BlockKey block) {
    p.setProperty(prefix + "chunk", block == null ? "0" : Long.toString(block.chunk()));
    p.setProperty(prefix + "version", block == null ? "0" : Long.toString(block.version()));
    p.setProperty(prefix + "index", block == null ? "0" : Integer.toString(block.index()));
  }
}
