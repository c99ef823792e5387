package dev.ashlar.simulation;

import java.util.PriorityQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Simulated time, and what happens when. Events of the same time happen in the order in which they
 * were asked for. Everything runs in turn: either an event, or the one {@link Fiber} it resumed.
 */
final class Scheduler {
  private final PriorityQueue<Event> queue = new PriorityQueue<>();
  private final Trace trace;
  private long nowNs;
  private long asked;
  private long fibers;
  private @Nullable Fiber current;
  private @Nullable RuntimeException failure;
  private final AtomicLong steps = new AtomicLong();
  private volatile boolean stuck;

  private record Event(long atNs, long number, Runnable action) implements Comparable<Event> {
    @Override
    public int compareTo(Event o) {
      int byTime = Long.compare(atNs, o.atNs);
      return byTime != 0 ? byTime : Long.compare(number, o.number);
    }
  }

  Scheduler(Trace trace) {
    this.trace = trace;
  }

  Trace trace() {
    return trace;
  }

  /** Since the beginning of the simulation. */
  long nowNs() {
    return nowNs;
  }

  /** Has something happen later. */
  void after(long ns, Runnable action) {
    queue.add(new Event(nowNs + Math.max(0, ns), asked++, action));
  }

  /** The fiber that runs, null while an event does. */
  @Nullable Fiber current() {
    return current;
  }

  void current(@Nullable Fiber fiber) {
    current = fiber;
  }

  long nextFiber() {
    return ++fibers;
  }

  /** The simulation ends with this after the present event. */
  void fail(RuntimeException why) {
    if (failure == null) {
      failure = why;
    }
  }

  /** How many events there were: any thread. */
  long steps() {
    return steps.get();
  }

  /** Whether one event took so long that something must wait where it may not. */
  boolean stuck() {
    return stuck;
  }

  void giveUp() {
    stuck = true;
  }

  /** Ends what is to end now, whatever broke. */
  void drain() {
    for (Event next = queue.peek(); next != null && next.atNs <= nowNs; next = queue.peek()) {
      queue.remove();
      next.action.run();
    }
    queue.clear();
  }

  /** Runs until a time; throws what broke. */
  void runUntil(long untilNs) {
    while (failure == null) {
      Event next = queue.peek();
      if (next == null || next.atNs > untilNs) {
        break;
      }
      queue.remove();
      nowNs = next.atNs;
      steps.lazySet(steps.get() + 1);
      next.action.run();
    }
    if (failure != null) {
      throw failure;
    }
    nowNs = Math.max(nowNs, untilNs);
  }
}
