package dev.ashlar.cli;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Numbers of bytes as people write and read them. */
public final class Sizes {
  private static final Pattern TEXT =
      Pattern.compile("(\\d{1,18}(?:\\.\\d{1,6})?)\\s*(?:([kmgtp])(?:i?b)?|b)?");
  private static final String UNITS = "KMGTPE";

  private Sizes() {}

  /**
   * Reads 4096, 64k, 1.5g, 10GiB: units are powers of 1024.
   *
   * @throws IllegalArgumentException with a sentence that says what is accepted
   */
  public static long parse(String text) {
    Matcher t = TEXT.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (!t.matches()) {
      throw new IllegalArgumentException(
          "'"
              + text
              + "' is not a size: write bytes, or a number and a unit (k, m, g, t, p; powers of 1024), as in 64k or 1.5g");
    }
    int power = t.group(2) == null ? 0 : UNITS.toLowerCase(Locale.ROOT).indexOf(t.group(2)) + 1;
    BigDecimal bytes = new BigDecimal(t.group(1)).multiply(BigDecimal.valueOf(1L << 10 * power));
    if (bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
      throw new IllegalArgumentException("'" + text + "' is more bytes than 8 EiB");
    }
    return bytes.longValue();
  }

  /** 0 B, 1023 B, 1.0 KiB, 12 MiB: two or three digits. */
  public static String human(long bytes) {
    if (bytes < 1024) {
      return bytes + " B";
    }
    double value = bytes;
    int unit = -1;
    while (value >= 1023.95 && unit < UNITS.length() - 1) {
      value /= 1024;
      unit++;
    }
    return String.format(
        Locale.ROOT,
        value < 9.995 ? "%.2f %ciB" : value < 99.95 ? "%.1f %ciB" : "%.0f %ciB",
        value,
        UNITS.charAt(unit));
  }

  /** As rates are given here: 327 MB/s, millions of bytes in a second. */
  public static String rate(long bytesPerSecond) {
    double mb = bytesPerSecond / 1e6;
    return String.format(Locale.ROOT, mb < 9.95 ? "%.1f MB/s" : "%.0f MB/s", mb);
  }

  public static String rate(long bytes, long elapsedNs) {
    return rate((long) (bytes * 1e9 / Math.max(1, elapsedNs)));
  }
}
