package dev.ashlar.simulation;

import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.protocol.AshlarException;
import org.jspecify.annotations.Nullable;

/** A client that does one thing after the other for the checks of the simulation. */
final class Auditor {
  private static final long STEP_NS = 10_000_000L;

  private final Scheduler scheduler;
  private final ClientMachine machine;
  private @Nullable Job<?> job;
  private @Nullable Object result;
  private boolean done;

  /** What is to be done; null if it could not be. */
  interface Job<T> {
    @Nullable T run(AshlarFileSystem fs, SimWorld world) throws AshlarException;
  }

  Auditor(Cluster cluster, Scheduler scheduler) {
    this.scheduler = scheduler;
    machine = cluster.auditor(this::work);
    machine.start();
  }

  private void work(AshlarFileSystem fs, SimWorld world) {
    while (true) {
      try {
        world.sleep(STEP_NS);
        Job<?> next = job;
        if (next != null && !done) {
          result = next.run(fs, world);
          done = true;
        }
      } catch (AshlarException e) {
        scheduler.trace().note(scheduler.nowNs(), "audit: " + e.code() + " " + e.getMessage());
        result = null;
        done = true;
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Has something done while time passes. Null if it cannot be, or not in that time. */
  @SuppressWarnings("unchecked")
  <T> @Nullable T ask(Job<T> what, long limitNs) {
    long until = scheduler.nowNs() + limitNs;
    done = false;
    result = null;
    job = what;
    while (!done && scheduler.nowNs() < until) {
      scheduler.runUntil(scheduler.nowNs() + STEP_NS);
    }
    job = null;
    return done ? (T) result : null;
  }

  void end() {
    machine.crash(false, -1);
  }
}
