package dev.ashlar.launcher;

import dev.ashlar.cli.FailedException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;

/** Finds ports that nobody uses, below the range that the kernel hands out by itself. */
final class FreePorts {
  private static final int FIRST = 11_000;
  private static final int LAST = 31_000;
  private static final int ATTEMPTS = 200;

  private FreePorts() {}

  /** The first of so many free ports in a row. */
  static int base(int count) throws FailedException {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      int base = ThreadLocalRandom.current().nextInt(FIRST, LAST - count);
      if (areFree(base, count)) {
        return base;
      }
    }
    throw new FailedException(
        "There are no " + count + " free ports in a row between " + FIRST + " and " + LAST);
  }

  private static boolean areFree(int base, int count) {
    try {
      Processes.mustBeFree(IntStream.range(base, base + count).boxed().toList());
      return true;
    } catch (FailedException e) {
      return false;
    }
  }
}
