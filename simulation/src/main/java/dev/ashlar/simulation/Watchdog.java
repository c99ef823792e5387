package dev.ashlar.simulation;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Notices when a simulation makes no step for a minute of real time: then some thread waits outside
 * of its {@link SimWorld}, and nobody would ever know. Has one thread until it is closed.
 */
final class Watchdog implements AutoCloseable {
  private static final long STUCK_SECONDS = 60;

  private final CountDownLatch end = new CountDownLatch(1);

  /** Watches over the calling thread. */
  Watchdog(Scheduler scheduler) {
    Thread conductor = Thread.currentThread();
    Thread.ofPlatform()
        .daemon()
        .name("simulation-watchdog")
        .start(() -> watch(scheduler, conductor));
  }

  private void watch(Scheduler scheduler, Thread conductor) {
    try {
      long before = -1;
      while (!end.await(STUCK_SECONDS, TimeUnit.SECONDS)) {
        long now = scheduler.steps();
        if (now == before) {
          scheduler.giveUp();
          LockSupport.unpark(conductor);
        }
        before = now;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    end.countDown();
  }
}
