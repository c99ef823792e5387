package dev.ashlar.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Policies as anybody may write them: one that is read, or a sentence. */
class TextFuzzTest {
  private static final String[] GOOD = {"rs-6-3", "xor-2-1", "mirror-3", "rs-12-4-64k-1024k"};
  private static final String LETTERS = "rsxomi-0123456789k \u0130\u0000";

  @Test
  void policies() {
    long seed = Seed.next();
    Random random = new Random(seed);
    assertTimeoutPreemptively(
        Duration.ofMinutes(1),
        () -> {
          for (int i = 0; i < 5_000; i++) {
            StringBuilder text = new StringBuilder(GOOD[random.nextInt(GOOD.length)]);
            for (int n = random.nextInt(4); n >= 0; n--) {
              int at = random.nextInt(text.length() + 1);
              char c = LETTERS.charAt(random.nextInt(LETTERS.length()));
              text.insert(at, random.nextInt(50) == 0 ? ("" + c).repeat(1_000) : "" + c);
              if (random.nextBoolean()) {
                text.deleteCharAt(random.nextInt(text.length()));
              }
            }
            try {
              Policy read = Policy.parse(text.toString());
              assertEquals(read, Policy.parse(read.toString()), "seed " + seed);
            } catch (IllegalArgumentException e) {
              assertTrue(
                  !(e instanceof NumberFormatException) && e.getMessage() != null,
                  () -> text + ": " + e + ", seed " + seed);
            }
          }
        });
  }
}
