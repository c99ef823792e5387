package dev.ashlar.simulation;

import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Something with a name and a clock that runs one process at a time, and crashes. */
abstract class Machine {
  private final String name;
  private final Scheduler scheduler;
  private final SimClock clock;
  private final Random random;
  private @Nullable Life life;
  private int ioLeft = -1;
  private int messagesLeft = -1;
  private boolean powerAtEnd;
  private long downNs;

  Machine(String name, Scheduler scheduler, Random random) {
    this.name = name;
    this.scheduler = scheduler;
    this.random = random;
    clock = new SimClock(scheduler, 1 + (random.nextDouble() - 0.5) * 0.02);
  }

  String name() {
    return name;
  }

  SimClock clock() {
    return clock;
  }

  Scheduler scheduler() {
    return scheduler;
  }

  Random random() {
    return random;
  }

  boolean up() {
    return life != null;
  }

  /** Starts a process unless one runs. */
  void start() {
    if (life != null) {
      return;
    }
    Life l = new Life(scheduler, name);
    life = l;
    ioLeft = -1;
    messagesLeft = -1;
    scheduler.trace().note(scheduler.nowNs(), name + " starts");
    run(new SimWorld(scheduler, l, clock, random.nextLong()));
  }

  /** What the process does. By no thread of its own: it starts those it needs. */
  abstract void run(SimWorld world);

  /** What the end of the process means for what outlives it. */
  abstract void crashed(boolean power);

  /**
   * Ends the process between two instructions.
   *
   * @param power whether the machine goes with it
   * @param down until it starts again, negative for never by itself
   */
  void crash(boolean power, long down) {
    Life l = life;
    if (l == null) {
      return;
    }
    life = null;
    scheduler.trace().note(scheduler.nowNs(), name + (power ? " loses power" : " is killed"));
    try {
      l.kill();
    } finally {
      // After all threads are unwound: a write that was under way may have reached the cache.
      scheduler.after(0, () -> crashed(power));
      if (down >= 0) {
        scheduler.after(down + 1, this::start);
      }
    }
  }

  void pause(long ns) {
    Life l = life;
    if (l != null) {
      l.pause(ns);
    }
  }

  /** A crash at one of the next I/Os. */
  void crashAtIo(int count, boolean power, long down) {
    ioLeft = count;
    powerAtEnd = power;
    downNs = down;
  }

  /** A crash at one of the next messages that arrive. */
  void crashAtMessage(int count, boolean power, long down) {
    messagesLeft = count;
    powerAtEnd = power;
    downNs = down;
  }

  void io() {
    if (ioLeft >= 0 && ioLeft-- == 0) {
      crash(powerAtEnd, downNs);
    }
  }

  void message() {
    if (messagesLeft >= 0 && messagesLeft-- == 0) {
      crash(powerAtEnd, downNs);
    }
  }

  /** No crash that is still to come happens. */
  void calm() {
    ioLeft = -1;
    messagesLeft = -1;
    clock.set();
  }
}
