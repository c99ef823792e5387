package dev.ashlar.chunkserver.server;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** How pools are ended. */
final class Pools {
  private static final long END_SECONDS = 10;

  private Pools() {}

  /**
   * Drops what waits and waits a while for what runs, without interrupting it: an interrupt would
   * close files under their readers. Returns whether all has ended.
   */
  static boolean stop(ExecutorService pool) {
    pool.shutdown();
    if (pool instanceof ThreadPoolExecutor threads) {
      threads.getQueue().clear();
    }
    return finish(pool);
  }

  /** As {@link #stop}, but what waits is still done. */
  static boolean finish(ExecutorService pool) {
    pool.shutdown();
    try {
      return pool.awaitTermination(END_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return pool.isTerminated();
    }
  }
}
