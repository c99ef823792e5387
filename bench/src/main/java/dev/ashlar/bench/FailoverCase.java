package dev.ashlar.bench;

import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.ClientConfig;
import dev.ashlar.protocol.AshlarException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * How long nothing can be changed when the leading master is killed (SIGKILL): from the kill to the
 * next change that is acknowledged, as clients see it that go on as fast as they can.
 */
final class FailoverCase {
  private static final long PATIENCE_S = 30;

  /** Changes of each client before the kill. */
  private static final int WARM_UP = 200;

  private final Settings settings;
  private final BenchCluster cluster;
  private final Consumer<Result> out;

  FailoverCase(Settings settings, BenchCluster cluster, Consumer<Result> out) {
    this.settings = settings;
    this.cluster = cluster;
    this.out = out;
  }

  void run() throws IOException {
    try (AshlarFileSystem files = AshlarFileSystem.connect(ClientConfig.of(cluster.address()))) {
      for (int i = 0; i < settings.repeat(); i++) {
        long dir = files.mkdirs("/failover-" + System.nanoTime(), 0755).inode();
        once(files, dir);
        cluster.up();
      }
    }
  }

  private void once(AshlarFileSystem files, long dir) throws IOException {
    CountDownLatch warm = new CountDownLatch(settings.threads() * WARM_UP);
    CountDownLatch changed = new CountDownLatch(1);
    AtomicBoolean killed = new AtomicBoolean();
    AtomicInteger names = new AtomicInteger();
    AtomicInteger failed = new AtomicInteger();
    List<Thread> clients = new ArrayList<>();
    try {
      for (int i = 0; i < settings.threads(); i++) {
        clients.add(
            Thread.ofPlatform()
                .name("failover-" + i)
                .daemon()
                .start(() -> {
                  while (changed.getCount() > 0) {
                    boolean after = killed.get(); // what is sent now meets the next leader
                    try {
                      files.mkdir(dir, "d" + names.incrementAndGet(), 0755);
                      warm.countDown();
                      if (after) {
                        changed.countDown();
                      }
                    } catch (AshlarException e) {
                      failed.incrementAndGet(); // counted: what callers are told
                    }
                  }
                }));
      }
      await(warm, "The first changes did not end");
      String leader = files.status().leader();
      cluster.kill(leader);
      killed.set(true);
      long start = System.nanoTime();
      await(changed, "Nothing could be changed after " + leader + " was killed");
      double seconds = (System.nanoTime() - start) / 1e9;
      out.accept(
          Result.of("failover").with("to-next-change-s", seconds).with("failed", failed.get()));
    } finally {
      changed.countDown();
      for (Thread client : clients) {
        join(client);
      }
    }
  }

  private static void await(CountDownLatch latch, String otherwise) throws IOException {
    try {
      if (!latch.await(PATIENCE_S, TimeUnit.SECONDS)) {
        throw new IOException(otherwise + " within " + PATIENCE_S + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted", e);
    }
  }

  private static void join(Thread client) throws IOException {
    try {
      client.join(TimeUnit.SECONDS.toMillis(PATIENCE_S));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted", e);
    }
  }
}
