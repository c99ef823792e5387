package dev.ashlar.master.server;

import dev.ashlar.protocol.World;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;

/** The threads that answer requests. Full queues reject. */
record Pools(ExecutorService requests, ExecutorService admin) implements AutoCloseable {
  private static final int REQUEST_QUEUE = 8192;
  private static final int ADMIN_QUEUE = 4;

  static Pools of(String name, World world) {
    int threads = Math.max(4, 2 * Runtime.getRuntime().availableProcessors());
    return new Pools(
        world.pool(name + "-request", threads, REQUEST_QUEUE),
        world.pool(name + "-admin", 1, ADMIN_QUEUE));
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
