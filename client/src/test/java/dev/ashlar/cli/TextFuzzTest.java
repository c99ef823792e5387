package dev.ashlar.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.client.Paths;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** What people may type: read as it was meant, or a sentence. */
class TextFuzzTest {
  private static final String LETTERS = "0123456789.kmgtpbishd /-+e\u0000\u0661";

  private final long seed = Long.getLong("ashlar.seed", System.nanoTime());
  private final Random random = new Random(seed);

  @Test
  void sizesDurationsAndPaths() {
    assertTimeoutPreemptively(
        Duration.ofMinutes(1),
        () -> {
          for (int i = 0; i < 5_000; i++) {
            long size = read(changed("1.5g"), Sizes::parse, 0L);
            assertTrue(size >= 0, "seed " + seed);
            String text = changed("999999999d");
            Duration d = read(text, Durations::parse, Duration.ZERO);
            assertTrue(!d.isNegative(), () -> text + " is " + d + ", seed " + seed);
            String path = Paths.normalize(changed("/a//b/./c"));
            assertEquals(path, Paths.normalize(path), "seed " + seed);
            assertTrue(path.startsWith("/") && !path.contains("//"), path);
          }
        });
  }

  /** Whole days fit in what is kept, or are refused: never a shorter time than was meant. */
  @Test
  void aDurationIsNeverAnotherOne() {
    for (long days = 1; days < 1_000_000_000L; days *= 7) {
      BigDecimal meant = BigDecimal.valueOf(days);
      Duration d = read(days + "d", Durations::parse, Duration.ZERO);
      assertTrue(d.isZero() || d.toDays() == meant.longValueExact(), d::toString);
    }
  }

  private <T> T read(String text, Function<String, T> parse, T otherwise) {
    try {
      return parse.apply(text);
    } catch (IllegalArgumentException e) {
      assertTrue(
          !(e instanceof NumberFormatException) && e.getMessage() != null,
          () -> text + ": " + e + ", seed " + seed);
      return otherwise;
    }
  }

  private String changed(String good) {
    StringBuilder text = new StringBuilder(good);
    for (int n = random.nextInt(4); n > 0; n--) {
      char c = LETTERS.charAt(random.nextInt(LETTERS.length()));
      text.insert(
          random.nextInt(text.length() + 1),
          random.nextInt(60) == 0 ? ("" + c).repeat(1_000) : "" + c);
      if (random.nextBoolean()) {
        text.deleteCharAt(random.nextInt(text.length()));
      }
    }
    return text.toString();
  }
}
