package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.World;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * A world with one thread beside that of the test: the disk's. It runs only in {@link #turn}, until
 * it waits for something to do; so a run is the same each time. No time passes but what is waited.
 */
final class TurnWorld implements World {
  private static final long DEADLINE_SECONDS = 60;

  private final Semaphore turn = new Semaphore(0);
  private final Semaphore back = new Semaphore(0);
  private volatile boolean ended = true;
  private volatile boolean dead;

  /** Changed by whoever has the turn. */
  private long now;

  /** The process of this thread is no more. */
  static final class Dead extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Dead() {
      super("simulated: killed", null, false, false);
    }
  }

  /** Lets the disk's thread do everything that there is to do. */
  void turn() {
    if (!ended) {
      turn.release();
      await(back);
    }
  }

  /** Ends the disk's thread where it is. The io that it uses must be dead. */
  void kill() {
    dead = true;
    turn();
  }

  private static void await(Semaphore s) {
    try {
      if (!s.tryAcquire(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
        throw new AssertionError("The other thread did not answer in " + DEADLINE_SECONDS + " s");
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public Running start(String name, Runnable task) {
    ended = false;
    Thread.ofPlatform()
        .daemon()
        .name(name)
        .start(() -> {
          turn.acquireUninterruptibly();
          try {
            if (!dead) {
              task.run();
            }
          } finally {
            ended = true;
            back.release();
          }
        });
    return new Running() {
      @Override
      public boolean alive() {
        return !ended;
      }

      @Override
      public void interrupt() {
        throw new UnsupportedOperationException("Nobody interrupts the disk's thread");
      }

      @Override
      public boolean join(long ms) {
        while (!ended) {
          turn();
        }
        return true;
      }
    };
  }

  @Override
  public Signal signal() {
    return new Signal() {
      private boolean raised;

      @Override
      public synchronized void raise() {
        raised = true;
      }

      private synchronized boolean lower() {
        boolean was = raised;
        raised = false;
        return was;
      }

      @Override
      public boolean await(long ns) {
        back.release();
        turn.acquireUninterruptibly();
        if (dead) {
          throw new Dead();
        }
        boolean was = lower();
        now = was ? now : now + ns;
        return was;
      }
    };
  }

  @Override
  public long nanoTime() {
    return now;
  }

  @Override
  public long wallMs() {
    return now / 1_000_000;
  }

  @Override
  public RandomGenerator random() {
    throw no();
  }

  @Override
  public RandomGenerator secure() {
    throw no();
  }

  @Override
  public void sleep(long ns) {
    throw no();
  }

  @Override
  public <T> T await(CompletableFuture<T> future, long timeoutNs) {
    throw no();
  }

  @Override
  public void startLight(String name, Runnable task) {
    throw no();
  }

  @Override
  public ExecutorService pool(String name, int threads, int waiting) {
    throw no();
  }

  private static UnsupportedOperationException no() {
    return new UnsupportedOperationException("A disk's thread asks only to wait for work");
  }
}
