package dev.ashlar.simulation;

import dev.ashlar.protocol.World;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;

/** The world as one process of the simulation sees it. */
final class SimWorld implements World {
  /** Waits as long as this, or longer, have no end. */
  private static final long FOR_EVER_NS = Long.MAX_VALUE / 4;

  private final Scheduler scheduler;
  private final Life life;
  private final SimClock clock;
  private final Random random;

  SimWorld(Scheduler scheduler, Life life, SimClock clock, long seed) {
    this.scheduler = scheduler;
    this.life = life;
    this.clock = clock;
    this.random = new Random(seed);
  }

  Life life() {
    return life;
  }

  Scheduler scheduler() {
    return scheduler;
  }

  @Override
  public long nanoTime() {
    return clock.nanoTime();
  }

  @Override
  public long wallMs() {
    return clock.wallNs() / 1_000_000;
  }

  @Override
  public long wallNs() {
    return clock.wallNs();
  }

  @Override
  public RandomGenerator random() {
    return random;
  }

  @Override
  public RandomGenerator secure() {
    return random;
  }

  private Fiber me() {
    Fiber me = scheduler.current();
    if (life.dead()) {
      throw new Halt();
    }
    if (me == null || me.life() != life) {
      throw new IllegalStateException(
          "Something of " + life.name() + " waits where nothing may block");
    }
    return me;
  }

  private long real(long ns) {
    return ns >= FOR_EVER_NS ? -1 : clock.real(Math.max(0, ns));
  }

  @Override
  public void sleep(long ns) throws InterruptedException {
    Fiber me = me();
    me.sleep(me.waiter(), real(ns));
  }

  @Override
  public <T> T await(CompletableFuture<T> future, long timeoutNs)
      throws InterruptedException, ExecutionException, TimeoutException {
    Fiber me = me();
    if (!future.isDone()) {
      Fiber.Waiter waiter = me.waiter();
      var _ = future.whenComplete((_, _) -> waiter.wake());
      me.sleep(waiter, real(timeoutNs));
      if (!future.isDone()) {
        throw new TimeoutException();
      }
    }
    return future.get();
  }

  @Override
  public Signal signal() {
    return new SimSignal();
  }

  private final class SimSignal implements Signal {
    private final Deque<Fiber.Waiter> waiting = new ArrayDeque<>();
    private boolean raised;

    @Override
    public void raise() {
      while (!waiting.isEmpty()) {
        if (waiting.remove().wake()) {
          return;
        }
      }
      raised = true;
    }

    @Override
    public boolean await(long ns) throws InterruptedException {
      Fiber me = me();
      if (raised) {
        raised = false;
        return true;
      }
      Fiber.Waiter waiter = me.waiter();
      waiting.add(waiter);
      try {
        return me.sleep(waiter, real(ns));
      } finally {
        waiting.remove(waiter);
      }
    }
  }

  @Override
  public Running start(String name, Runnable task) {
    CompletableFuture<Boolean> end = new CompletableFuture<>();
    Fiber fiber =
        life.start(
            name,
            () -> {
              try {
                task.run();
              } finally {
                end.complete(true);
              }
            });
    return new Running() {
      @Override
      public boolean alive() {
        return !end.isDone();
      }

      @Override
      public void interrupt() {
        fiber.interrupt();
      }

      @Override
      public boolean join(long ms) {
        try {
          return SimWorld.this.await(end, ms * 1_000_000);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
          return false;
        }
      }
    };
  }

  @Override
  public void startLight(String name, Runnable task) {
    var _ = life.start(name, task);
  }

  @Override
  public ExecutorService pool(String name, int threads, int waiting) {
    return new SimPool(this, name, threads, waiting);
  }
}
