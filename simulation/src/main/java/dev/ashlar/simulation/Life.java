package dev.ashlar.simulation;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** A process from its start to its end. */
final class Life {
  private final Scheduler scheduler;
  private final String name;
  private final Set<Fiber> fibers = new LinkedHashSet<>();
  private final List<Runnable> atEnd = new ArrayList<>();
  private boolean dead;
  private long pausedUntilNs;

  Life(Scheduler scheduler, String name) {
    this.scheduler = scheduler;
    this.name = name;
  }

  String name() {
    return name;
  }

  boolean dead() {
    return dead;
  }

  /** Until when it is stopped without knowing. */
  long pausedUntilNs() {
    return pausedUntilNs;
  }

  void pause(long ns) {
    pausedUntilNs = Math.max(pausedUntilNs, scheduler.nowNs() + ns);
  }

  Fiber start(String thread, Runnable task) {
    if (dead) {
      throw new Halt();
    }
    Fiber fiber = new Fiber(scheduler, this, name + "/" + thread, task);
    fibers.add(fiber);
    scheduler.after(0, fiber::resume);
    return fiber;
  }

  void ended(Fiber fiber) {
    fibers.remove(fiber);
  }

  /** To be run when the process dies. */
  void atEnd(Runnable action) {
    atEnd.add(action);
  }

  /** Ends the process between two instructions; its caller too, if that is one of its threads. */
  void kill() {
    if (!dead) {
      dead = true;
      scheduler.after(0, () -> List.copyOf(fibers).forEach(Fiber::resume));
      atEnd.forEach(Runnable::run);
    }
    Fiber current = scheduler.current();
    if (current != null && current.life() == this) {
      throw new Halt();
    }
  }
}
