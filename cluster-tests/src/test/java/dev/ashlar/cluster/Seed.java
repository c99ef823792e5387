package dev.ashlar.cluster;

import java.util.Random;

/** The seed of a random test: printed, and taken from {@code -Dashlar.seed=N} to run it again. */
record Seed(long value) {
  static Seed of(Class<?> test) {
    Seed seed = new Seed(Long.getLong("ashlar.seed", System.nanoTime()));
    System.out.println(
        test.getSimpleName()
            + ": seed "
            + seed.value
            + " (run again with -Dashlar.seed="
            + seed.value
            + ")");
    return seed;
  }

  Random random() {
    return new Random(value);
  }
}
