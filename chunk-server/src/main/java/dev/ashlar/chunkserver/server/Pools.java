package dev.ashlar.chunkserver.server;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Thread pools of named daemon threads that go away when idle, with bounded queues. */
final class Pools {
  private static final long IDLE_SECONDS = 10;
  private static final long END_SECONDS = 10;

  private Pools() {}

  /**
   * Refuses with RejectedExecutionException when {@code waiting} jobs wait, and after it was
   * closed.
   */
  static ThreadPoolExecutor of(String name, int threads, int waiting) {
    AtomicInteger number = new AtomicInteger();
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            threads,
            threads,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(waiting),
            job ->
                Thread.ofPlatform()
                    .daemon()
                    .name(name + "-" + number.incrementAndGet())
                    .unstarted(job));
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }

  /**
   * Drops what waits and waits a while for what runs, without interrupting it: an interrupt would
   * close files under their readers. Returns whether all has ended.
   */
  static boolean stop(ThreadPoolExecutor pool) {
    pool.shutdown();
    pool.getQueue().clear();
    return finish(pool);
  }

  /** As {@link #stop}, but what waits is still done. */
  static boolean finish(ThreadPoolExecutor pool) {
    pool.shutdown();
    try {
      return pool.awaitTermination(END_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return pool.isTerminated();
    }
  }
}
