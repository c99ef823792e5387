package dev.ashlar.protocol;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;

/**
 * Time, chance, waiting and threads as a process sees them. Whatever waits, or asks what time it
 * is, does so here; so the same code runs in a simulation, where many processes share one thread
 * and no time passes while they wait. Thread-safe.
 */
public interface World {
  /** Monotonic, ns. */
  long nanoTime();

  /** Wall clock, ms since 1970; may jump. */
  long wallMs();

  /** Wall clock, ns since 1970; may jump. */
  default long wallNs() {
    return wallMs() * 1_000_000;
  }

  /** For choices that nobody may have to foresee: not for secrets. */
  RandomGenerator random();

  /** For ids and secrets. */
  RandomGenerator secure();

  void sleep(long ns) throws InterruptedException;

  /** Waits for the future at most so long. */
  <T> T await(CompletableFuture<T> future, long timeoutNs)
      throws InterruptedException, ExecutionException, TimeoutException;

  /** A new signal, not raised. */
  Signal signal();

  /** Wakes one thread that waits for something to happen, or will wait next. */
  interface Signal {
    /** Never blocks; raising it twice is raising it once. */
    void raise();

    /** Waits at most so long until it is raised, and lowers it. Returns whether it was raised. */
    boolean await(long ns) throws InterruptedException;
  }

  /** Starts a thread that does not keep the process alive. */
  Running start(String name, Runnable task);

  /** Starts a thread for something short that waits much and that nobody waits for. */
  void startLight(String name, Runnable task);

  /** A thread that was started. */
  interface Running {
    boolean alive();

    void interrupt();

    /**
     * Waits at most so long for its end, and returns whether it has ended. An interrupted wait ends
     * at once, and the thread stays interrupted.
     */
    boolean join(long ms);
  }

  /**
   * Threads that run jobs in order of arrival and go away when idle. Refuses with
   * RejectedExecutionException when {@code waiting} jobs wait, and after it was shut down.
   */
  ExecutorService pool(String name, int threads, int waiting);
}
