package dev.ashlar.chunkserver.server;

import dev.ashlar.chunkserver.scrub.DiskScrub;
import dev.ashlar.chunkserver.server.ChunkServerConfig.Timing;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import dev.ashlar.protocol.message.MasterRequest.DiskState;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
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
  private final String name;
  private final World world;
  private final World.Signal stop;
  private volatile boolean stopping;
  private World.@Nullable Running thread;
  private volatile long aliveNs;
  private DiskState told = DiskState.UP;
  private boolean scrubbing = true;

  /**
   * @param news run when the state of the disk changed
   */
  DiskMinder(
      String server, ServedDisk disk, Timing timing, Outbox outbox, Runnable news, World world) {
    this.world = world;
    stop = world.signal();
    aliveNs = world.nanoTime();
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
            world::wallMs,
            outbox::bad);
    name = server + "-disk-" + disk.id();
  }

  void start() {
    thread = world.start(name, this::run);
  }

  /**
   * Marks the disk as hung if this watch's thread, or the one that writes, has not come back from
   * it for too long: they wait for different files. To be called from another thread.
   */
  void watch() {
    World.Running t = thread;
    long silent =
        Math.max(t != null && t.alive() ? world.nanoTime() - aliveNs : 0, disk.store().busyNs());
    disk.hung(
        silent > timing.diskHang().toNanos()
            ? "does not answer since " + TimeUnit.NANOSECONDS.toSeconds(silent) + " s"
            : "");
  }

  private void run() {
    try {
      boolean end = false;
      while (!end && !stopping) {
        aliveNs = world.nanoTime();
        end = turn();
      }
    } catch (InterruptedException e) {
      LOG.debug("The watch of the disk in {} was interrupted", disk.path());
    } finally {
      if (told != DiskState.FAILED && !disk.foreign()) {
        scrub.save();
      }
    }
  }

  /** One look, and scrubbing until the next. Returns whether the watch is to end. */
  private boolean turn() throws InterruptedException {
    try {
      look();
      return scrubUntil(world.nanoTime() + timing.diskCheck().toNanos());
    } catch (RuntimeException | VirtualMachineError | LinkageError e) {
      // A bug, or no memory, says nothing about the disk; but nobody else would watch it.
      LOG.error("The watch of the disk in {} goes on after an error", disk.path(), e);
      return stop.await(timing.diskCheck().toNanos());
    }
  }

  private boolean scrubUntil(long untilNs) throws InterruptedException {
    while (scrubbing
        && told != DiskState.FAILED
        && !disk.foreign()
        && world.nanoTime() - untilNs < 0) {
      aliveNs = world.nanoTime();
      long waitNs =
          Math.max(
              0,
              Math.min(
                  untilNs - aliveNs,
                  TimeUnit.MILLISECONDS.toNanos(scrub.nextMs() - world.wallMs())));
      if (stop.await(waitNs)) {
        return true;
      }
      if (scrub.nextMs() <= world.wallMs()) {
        scrubbing = scrub();
      }
    }
    return stop.await(Math.max(0, untilNs - world.nanoTime()));
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
    stopping = true;
    stop.raise();
    World.Running t = thread;
    return t == null || t.join(STOP_MS);
  }
}
