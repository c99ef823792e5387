package dev.ashlar.torture;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Waits for a condition in another process by asking again, until a deadline that fails the test.
 */
public final class Await {
  /** What limits are multiplied by, for machines that have more to do ({@code ashlar.patience}). */
  public static final int PATIENCE = Math.max(1, Integer.getInteger("ashlar.patience", 1));

  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /**
   * Something that is asked again until it holds; an exception counts as "not yet" and is told at
   * the deadline.
   */
  public interface Condition {
    boolean holds() throws Exception;
  }

  private Await() {}

  public static void until(String what, Duration limit, Condition condition) {
    Duration patience = limit.multipliedBy(PATIENCE);
    long deadline = System.nanoTime() + patience.toNanos();
    Exception last = null;
    do {
      try {
        if (condition.holds()) {
          return;
        }
        last = null;
      } catch (Exception e) {
        last = e; // not yet: the process may be restarting; told below if it stays so
      }
      LockSupport.parkNanos(POLL_NANOS);
      if (Thread.interrupted()) {
        throw new AssertionError("Interrupted while waiting: " + what, last);
      }
    } while (System.nanoTime() < deadline);
    throw new AssertionError("Not within " + patience.toSeconds() + " s: " + what, last);
  }
}
