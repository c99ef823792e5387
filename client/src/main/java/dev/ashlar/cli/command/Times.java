package dev.ashlar.cli.command;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Times of the cluster, ns since 1970, in the time zone of this machine. */
final class Times {
  private static final DateTimeFormatter MINUTES =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm", Locale.ROOT);
  private static final DateTimeFormatter EXACT =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSSSSSSSS xx", Locale.ROOT);

  private Times() {}

  static String minutes(long ns) {
    return text(MINUTES, ns);
  }

  static String exact(long ns) {
    return text(EXACT, ns);
  }

  private static String text(DateTimeFormatter format, long ns) {
    return format.format(
        Instant.ofEpochSecond(Math.floorDiv(ns, 1_000_000_000L), Math.floorMod(ns, 1_000_000_000L))
            .atZone(ZoneId.systemDefault()));
  }
}
