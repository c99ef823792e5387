package dev.ashlar.protocol.rpc;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One timer for many deadlines, on one event loop: goes off when the earliest has passed, at most
 * {@link #GRAIN_NS} late.
 */
final class Alarm {
  /** What goes off. */
  interface Action {
    /** Handles what is due. Returns the earliest deadline that is left, or {@code none}. */
    long run(long nowNs, long none);
  }

  /** Soonest that it goes off again, so that many deadlines close together are handled at once. */
  private static final long GRAIN_NS = 5_000_000;

  private static final long NONE = Long.MIN_VALUE;

  private final EventLoop loop;
  private final Action action;
  private @Nullable ScheduledFuture<?> timer;
  private long atNs;

  Alarm(EventLoop loop, Action action) {
    this.loop = loop;
    this.action = action;
  }

  void atLatest(long deadlineNs) {
    if (timer == null || deadlineNs - atNs < 0) {
      cancel();
      atNs = deadlineNs;
      timer =
          loop.schedule(
              this::ring,
              Math.max(deadlineNs - System.nanoTime(), 0) + GRAIN_NS,
              TimeUnit.NANOSECONDS);
    }
  }

  void cancel() {
    ScheduledFuture<?> old = timer;
    timer = null;
    if (old != null) {
      old.cancel(false);
    }
  }

  private void ring() {
    timer = null;
    long next = action.run(System.nanoTime(), NONE);
    if (next != NONE) {
      atLatest(next);
    }
  }
}
