package dev.ashlar.cli;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as people write them: 500ms, 90s, 2m, 1.5h, 14d. */
public final class Durations {
  private static final Pattern TEXT = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,6})?)\\s*(ms|s|m|h|d)");

  private Durations() {}

  /**
   * Reads one.
   *
   * @throws IllegalArgumentException with a sentence that says what is accepted
   */
  public static Duration parse(String text) {
    Matcher t = TEXT.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (!t.matches()) {
      throw new IllegalArgumentException(
          "'"
              + text
              + "' is not a duration: write a number and a unit (ms, s, m, h, d), as in 500ms, 90s or 2m");
    }
    long unitMs =
        switch (t.group(2)) {
          case "ms" -> 1;
          case "s" -> 1_000;
          case "m" -> 60_000;
          case "h" -> 3_600_000;
          default -> 86_400_000;
        };
    BigDecimal ns =
        new BigDecimal(t.group(1)).multiply(BigDecimal.valueOf(unitMs)).movePointRight(6);
    if (ns.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
      throw new IllegalArgumentException("'" + text + "' is longer than 292 years");
    }
    return Duration.ofNanos(ns.longValue());
  }

  /** The shortest text that {@link #parse} reads as the same, in whole ms. */
  public static String exact(Duration d) {
    long ms = d.toMillis();
    if (ms % 1_000 != 0) {
      return ms + "ms";
    }
    if (ms % 86_400_000 == 0 && ms != 0) {
      return ms / 86_400_000 + "d";
    }
    if (ms % 3_600_000 == 0 && ms != 0) {
      return ms / 3_600_000 + "h";
    }
    return ms % 60_000 == 0 && ms != 0 ? ms / 60_000 + "m" : ms / 1_000 + "s";
  }

  /** For people, in two units at most: 850 ms, 4.2 s, 3 m 20 s, 2 h 5 m, 3 d 4 h. */
  public static String human(Duration d) {
    long ms = d.toMillis();
    if (ms < 1_000) {
      return ms + " ms";
    }
    if (ms < 60_000) {
      return String.format(Locale.ROOT, "%.1f s", ms / 1_000.0);
    }
    long s = ms / 1_000;
    if (s < 3_600) {
      return s / 60 + " m " + s % 60 + " s";
    }
    return s < 86_400
        ? s / 3_600 + " h " + s % 3_600 / 60 + " m"
        : s / 86_400 + " d " + s % 86_400 / 3_600 + " h";
  }
}
