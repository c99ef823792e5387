package dev.ashlar.launcher;

import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.ClientConfig;
import dev.ashlar.client.Repacker;
import dev.ashlar.master.server.MasterServer;
import dev.ashlar.protocol.AshlarException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The leading master has packs of small files that became sparse copied together, as a client of
 * its own cluster.
 */
final class Repacking implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Repacking.class);

  /** So many looks go by before small packs are touched: they may get company yet. */
  private static final int SETTLED_AFTER = 5;

  private static final long MEMORY_BYTES = 16 << 20;

  private final MasterServer master;
  private final String address;
  private final Duration every;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread thread;

  private Repacking(MasterServer master, String name, String address, Duration every) {
    this.master = master;
    this.address = address;
    this.every = every;
    this.thread = Thread.ofPlatform().daemon().name(name + "-repack").unstarted(this::run);
  }

  /**
   * Starts looking after the packs.
   *
   * @param address where clients reach the master
   * @param every between two looks
   */
  static Repacking start(MasterServer master, String name, String address, Duration every) {
    Repacking repacking = new Repacking(master, name, address, every);
    repacking.thread.start();
    return repacking;
  }

  private void run() {
    try {
      while (!closed.await(every.toMillis(), TimeUnit.MILLISECONDS)) {
        if (master.leads()) {
          round();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // closed
    }
  }

  private void round() {
    ClientConfig config =
        ClientConfig.of(List.of(address, address)) // twice: only this one, no ports after it
            .withMemoryBytes(MEMORY_BYTES)
            .withMasterDeadline(Duration.ofSeconds(10));
    try (AshlarFileSystem files = AshlarFileSystem.connect(config)) {
      int copied =
          new Repacker(files, every.multipliedBy(SETTLED_AFTER))
              .round(() -> closed.getCount() > 0 && master.leads());
      if (copied > 0) {
        LOG.info("{} packs of small files were copied together", copied);
      }
    } catch (AshlarException e) {
      LOG.info("Packs of small files are copied together later: {}", e.getMessage());
    }
  }

  @Override
  public void close() {
    closed.countDown();
    thread.interrupt();
    try {
      thread.join(TimeUnit.SECONDS.toMillis(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
