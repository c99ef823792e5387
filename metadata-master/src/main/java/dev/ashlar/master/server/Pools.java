package dev.ashlar.master.server;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The threads that answer requests. Full queues reject. */
record Pools(ExecutorService requests, ExecutorService admin) implements AutoCloseable {
  private static final int REQUEST_QUEUE = 8192;
  private static final int ADMIN_QUEUE = 4;

  static Pools of(String name) {
    int threads = Math.max(4, 2 * Runtime.getRuntime().availableProcessors());
    return new Pools(
        pool(name + "-request-", threads, REQUEST_QUEUE), pool(name + "-admin-", 1, ADMIN_QUEUE));
  }

  private static ExecutorService pool(String name, int threads, int queue) {
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            threads,
            threads,
            30,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(queue),
            Thread.ofPlatform().name(name, 0).daemon().factory());
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }

  /** Waits for what is running, briefly. */
  @Override
  public void close() {
    for (ExecutorService pool : new ExecutorService[] {requests, admin}) {
      pool.shutdownNow();
    }
    try {
      var _ = requests.awaitTermination(10, TimeUnit.SECONDS);
      var _ = admin.awaitTermination(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
