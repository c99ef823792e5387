package dev.ashlar.client;

import java.util.random.RandomGenerator;

/**
 * Growing pauses with jitter, so that many clients that failed together do not return together. For
 * one thread.
 */
final class Backoff {
  private static final long FIRST_MS = 10;
  private static final long LAST_MS = 1_000;

  private final RandomGenerator random;
  private long nextMs = FIRST_MS;

  Backoff(RandomGenerator random) {
    this.random = random;
  }

  /** The next pause in ms: between half and all of a bound that doubles up to a second. */
  long nextMs() {
    long bound = nextMs;
    nextMs = Math.min(LAST_MS, nextMs * 2);
    return bound / 2 + random.nextLong(bound / 2 + 1);
  }
}
