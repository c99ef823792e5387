package dev.ashlar.chunkserver.server;

import dev.ashlar.chunkserver.scrub.DiskScrub;
import dev.ashlar.chunkserver.server.ChunkServerConfig.Timing;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import dev.ashlar.protocol.message.MasterRequest.DiskState;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches and scrubs one disk on a thread of its own, so that a disk that hangs holds up nothing
 * else.
 */
final class DiskMinder {
  private static final Logger LOG = LoggerFactory.getLogger(DiskMinder.class);

  private static final long STOP_MS = 10_000;

  private final ServedDisk disk;
  private final Timing timing;
  private final DiskScrub scrub;
  private final Outbox outbox;
  private final Runnable news;
  private final CountDownLatch stop = new CountDownLatch(1);
  private final Thread thread;
  private volatile long aliveNs = System.nanoTime();
  private DiskState told = DiskState.UP;

  /**
   * @param news run when the state of the disk changed
   */
  DiskMinder(String server, ServedDisk disk, Timing timing, Outbox outbox, Runnable news) {
    this.disk = disk;
    this.timing = timing;
    this.outbox = outbox;
    this.news = news;
    scrub =
        new DiskScrub(
            disk.path(),
            disk.store(),
            timing.scrubPeriod(),
            timing.scrubBytesPerSecond(),
            System::currentTimeMillis,
            outbox::bad);
    thread = Thread.ofPlatform().daemon().name(server + "-disk-" + disk.id()).unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /**
   * Marks the disk as hung if its thread has not come back from it for too long. To be called from
   * another thread.
   */
  void watch() {
    long silent = System.nanoTime() - aliveNs;
    boolean hangs = silent > timing.diskHang().toNanos() && thread.isAlive();
    disk.hung(
        hangs ? "does not answer since " + TimeUnit.NANOSECONDS.toSeconds(silent) + " s" : "");
  }

  private void run() {
    boolean scrubbing = true;
    try {
      while (stop.getCount() > 0) {
        aliveNs = System.nanoTime();
        look();
        long untilNs = System.nanoTime() + timing.diskCheck().toNanos();
        while (scrubbing
            && told != DiskState.FAILED
            && !disk.foreign()
            && System.nanoTime() - untilNs < 0) {
          aliveNs = System.nanoTime();
          long waitNs =
              Math.max(
                  0,
                  Math.min(
                      untilNs - aliveNs,
                      TimeUnit.MILLISECONDS.toNanos(scrub.nextMs() - System.currentTimeMillis())));
          if (stop.await(waitNs, TimeUnit.NANOSECONDS)) {
            return;
          }
          if (scrub.nextMs() <= System.currentTimeMillis()) {
            scrubbing = scrub();
          }
        }
        if (stop.await(Math.max(0, untilNs - System.nanoTime()), TimeUnit.NANOSECONDS)) {
          return;
        }
      }
    } catch (InterruptedException e) {
      LOG.debug("The watch of the disk in {} was interrupted", disk.path());
    } finally {
      if (told != DiskState.FAILED && !disk.foreign()) {
        scrub.save();
      }
    }
  }

  private void look() {
    disk.store().check();
    for (BadBlock b : disk.store().takeBad()) {
      outbox.bad(b);
      scrub.damaged(b.block());
    }
    disk.takeDamage().forEach(scrub::damaged);
    DiskState state = disk.store().report().state();
    if (state != told) {
      if (state == DiskState.FAILED) {
        LOG.error(
            "The disk in {} has failed and is out of service: {}",
            disk.path(),
            disk.store().report().error());
      } else {
        LOG.info("The disk in {} is {} now", disk.path(), state);
      }
      told = state;
      news.run();
    }
  }

  /** One step of the scrub. Returns whether to go on with scrubbing at all. */
  private boolean scrub() {
    try {
      scrub.step();
      disk.notice(scrub.notice());
      return true;
    } catch (AshlarException e) {
      if (e.code() == ErrorCode.DISK_FAILED) {
        return true; // the next look says so
      }
      LOG.warn(
          "The scrub of the disk in {} stops until the next start: {}",
          disk.path(),
          e.getMessage());
      disk.notice("the scrub has stopped: " + e.getMessage());
      return false;
    }
  }

  /** Ends the thread and waits a while for it. Returns whether it has ended. */
  boolean stop() {
    stop.countDown();
    try {
      thread.join(STOP_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return !thread.isAlive();
  }
}
