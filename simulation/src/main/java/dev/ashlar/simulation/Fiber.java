package dev.ashlar.simulation;

import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A thread of a simulated process. It is a virtual thread that runs only while the scheduler waits
 * for it, so that of all threads of the simulation just one runs at any time. What it waits for, it
 * waits for in its {@link SimWorld}; a thread that is stuck anywhere else is a failure.
 */
final class Fiber {
  private final Scheduler scheduler;
  private final Life life;
  private final String name;
  private final long id;
  private final Thread thread;
  private volatile boolean turn;
  private volatile @Nullable Thread conductor;
  private volatile boolean ended;
  private volatile @Nullable Throwable failure;
  private boolean started;
  private boolean interrupted;
  private @Nullable Waiter waiter;

  /** One wait: over as soon as somebody wakes it, or its time is up. */
  final class Waiter {
    private boolean over;
    private boolean woken;

    /** Ends the wait; false if it was over already. */
    boolean wake() {
      if (over) {
        return false;
      }
      over = true;
      woken = true;
      scheduler.after(0, Fiber.this::resume);
      return true;
    }

    private void timeout() {
      if (!over) {
        over = true;
        resume();
      }
    }
  }

  Fiber(Scheduler scheduler, Life life, String name, Runnable task) {
    this.scheduler = scheduler;
    this.life = life;
    this.name = name;
    this.id = scheduler.nextFiber();
    thread = Thread.ofVirtual().name(name).unstarted(() -> run(task));
  }

  private void run(Runnable task) {
    try {
      if (!life.dead()) {
        task.run();
      }
    } catch (Halt e) {
      // as it should
    } catch (Throwable e) {
      failure = e;
    } finally {
      ended = true;
      turn = false;
      LockSupport.unpark(conductor);
    }
  }

  @Override
  public String toString() {
    return name;
  }

  Life life() {
    return life;
  }

  boolean ended() {
    return ended;
  }

  /** Lets it run until it waits or ends. By the scheduler only. */
  void resume() {
    if (ended) {
      return;
    }
    if (!life.dead() && life.pausedUntilNs() > scheduler.nowNs()) {
      scheduler.after(life.pausedUntilNs() - scheduler.nowNs(), this::resume);
      return;
    }
    scheduler.trace().note(scheduler.nowNs());
    scheduler.trace().note(id);
    conductor = Thread.currentThread();
    scheduler.current(this);
    turn = true;
    if (started) {
      LockSupport.unpark(thread);
    } else {
      started = true;
      thread.start();
    }
    while (turn) {
      LockSupport.park(this);
      if (turn && scheduler.stuck()) {
        throw new IllegalStateException(
            name + " is stuck at " + Arrays.toString(thread.getStackTrace()));
      }
    }
    scheduler.current(null);
    if (ended) {
      life.ended(this);
      Throwable why = failure;
      if (why != null && !life.dead()) {
        scheduler.fail(new Violation(name + " died: " + why, why));
      }
    }
  }

  /** A wait that may be woken; to be followed by {@link #sleep}. */
  Waiter waiter() {
    Waiter w = new Waiter();
    waiter = w;
    return w;
  }

  /**
   * Waits. By the fiber itself.
   *
   * @param ns at most, negative for ever
   * @return whether it was woken
   */
  boolean sleep(Waiter w, long ns) throws InterruptedException {
    if (scheduler.current() != this) {
      throw new IllegalStateException("A wait outside of its thread");
    }
    if (interrupted) {
      interrupted = false;
      w.over = true;
      throw new InterruptedException();
    }
    if (ns >= 0 && !w.over) {
      // Whoever waits for no time at all still lets some pass, so that nobody spins for ever.
      scheduler.after(Math.max(1_000, ns), w::timeout);
    }
    turn = false;
    LockSupport.unpark(conductor);
    while (!turn) {
      LockSupport.park(this);
    }
    waiter = null;
    if (life.dead()) {
      throw new Halt();
    }
    if (interrupted) {
      interrupted = false;
      throw new InterruptedException();
    }
    return w.woken;
  }

  void interrupt() {
    interrupted = true;
    Waiter w = waiter;
    if (w != null) {
      w.wake();
    }
  }
}
