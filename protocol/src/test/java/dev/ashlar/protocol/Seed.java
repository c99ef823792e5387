package dev.ashlar.protocol;

import java.util.Random;

/**
 * Random numbers that can be had again: run with {@code -Dashlar.seed=N}. Every random test prints
 * its seed when it fails.
 */
public final class Seed {
  private Seed() {}

  /** A new seed, or the one asked for. */
  public static long next() {
    Long asked = Long.getLong("ashlar.seed");
    return asked == null ? new Random().nextLong() : asked;
  }
}
