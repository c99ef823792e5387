package dev.ashlar.master.raft;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How a master voted, from the library's file {@code raft-meta}: text without a checksum.
 *
 * @param given whether it voted for anybody in that term
 * @param crc over term and whom it voted for
 */
record Vote(long term, boolean given, int crc) {
  static final String FILE = "raft-meta";
  private static final int MAX_BYTES = 64 << 10;

  /** Null if the file is not there or is not what the library writes. */
  static @Nullable Vote read(Path file) throws IOException {
    if (!Files.isRegularFile(file) || Files.size(file) > MAX_BYTES) {
      return null;
    }
    return parse(Files.readAllBytes(file));
  }

  /** Null for anything but what the library writes. */
  static @Nullable Vote parse(byte[] bytes) {
    Properties p = new Properties();
    try {
      p.load(new StringReader(new String(bytes, StandardCharsets.UTF_8)));
    } catch (IOException | IllegalArgumentException e) {
      return null;
    }
    String term = p.getProperty("term", "");
    String whom = p.getProperty("votedFor", "");
    if (!p.stringPropertyNames().equals(Set.of("term", "votedFor"))
        || !term.matches("[0-9]{1,18}")) {
      return null;
    }
    byte[] canonical = (term + " " + whom).getBytes(StandardCharsets.UTF_8);
    return new Vote(
        Long.parseLong(term), !whom.isEmpty(), Promises.crc(canonical, canonical.length));
  }

  /** Whether this can have been written after the other one. */
  boolean canFollow(Vote before) {
    return equals(before) || term > before.term || term == before.term && given && !before.given;
  }
}
