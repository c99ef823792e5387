package dev.ashlar.bench;

import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.ClientConfig;
import dev.ashlar.protocol.AshlarException;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * How long nothing can be changed when the leading master is killed (SIGKILL): from the kill to the
 * next change that is acknowledged, as clients see it that go on as fast as they can.
 */
final class FailoverCase {
  private static final long PATIENCE_NS = 30_000_000_000L;

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
    AtomicLong killedNs = new AtomicLong(Long.MAX_VALUE);
    AtomicLong firstNs = new AtomicLong();
    AtomicInteger failed = new AtomicInteger();
    AtomicInteger names = new AtomicInteger();
    AtomicBoolean over = new AtomicBoolean();
    Thread[] clients = new Thread[settings.threads()];
    for (int i = 0; i < clients.length; i++) {
      clients[i] =
          Thread.ofPlatform()
              .name("failover-" + i)
              .start(() -> {
                while (!over.get()) {
                  long begun = System.nanoTime();
                  try {
                    files.mkdir(dir, "d" + names.incrementAndGet(), 0755);
                    if (begun - killedNs.get() > 0) {
                      firstNs.compareAndSet(0, System.nanoTime()); // sent to the next leader
                      over.set(true);
                    }
                  } catch (AshlarException e) {
                    failed.incrementAndGet(); // counted: what callers are told
                  }
                }
              });
    }
    while (names.get() < 200 * clients.length) {
      Thread.onSpinWait();
    }
    String leader = files.status().leader();
    cluster.kill(leader);
    killedNs.set(System.nanoTime());
    try {
      for (Thread client : clients) {
        client.join(PATIENCE_NS / 1_000_000);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    over.set(true);
    if (firstNs.get() == 0) {
      throw new IOException("Nothing could be changed for 30 s after " + leader + " was killed");
    }
    out.accept(
        Result.of("failover")
            .with("to-next-change-s", (firstNs.get() - killedNs.get()) / 1e9)
            .with("failed", failed.get()));
  }
}
