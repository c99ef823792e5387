package dev.ashlar.chunkserver.store;

import java.util.Locale;
import java.util.regex.Pattern;

/** Names of segment files: the id as eight hexadecimal digits and {@code .seg}. */
final class SegmentName {
  private static final Pattern NAME = Pattern.compile("[0-7][0-9a-f]{7}\\.seg");

  private SegmentName() {}

  static String of(int segment) {
    return String.format(Locale.ROOT, "%08x.seg", segment);
  }

  static boolean matches(String name) {
    return NAME.matcher(name).matches();
  }

  static int parse(String name) {
    return Integer.parseInt(name, 0, 8, 16);
  }
}
