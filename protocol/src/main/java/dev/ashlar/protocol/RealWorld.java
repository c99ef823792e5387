package dev.ashlar.protocol;

import java.security.SecureRandom;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;

/** The clocks, threads and dice of this machine. */
public final class RealWorld implements World {
  public static final RealWorld INSTANCE = new RealWorld();

  private RealWorld() {}

  private static final long IDLE_SECONDS = 10;

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public long wallMs() {
    return System.currentTimeMillis();
  }

  @Override
  public long wallNs() {
    Instant now = Instant.now();
    return now.getEpochSecond() * 1_000_000_000L + now.getNano();
  }

  @Override
  public RandomGenerator random() {
    return ThreadLocalRandom.current();
  }

  @Override
  public RandomGenerator secure() {
    return new SecureRandom();
  }

  @Override
  public void sleep(long ns) throws InterruptedException {
    TimeUnit.NANOSECONDS.sleep(ns);
  }

  @Override
  public <T> T await(CompletableFuture<T> future, long timeoutNs)
      throws InterruptedException, ExecutionException, TimeoutException {
    return future.get(timeoutNs, TimeUnit.NANOSECONDS);
  }

  @Override
  public Signal signal() {
    Semaphore raised = new Semaphore(0);
    return new Signal() {
      @Override
      public void raise() {
        if (raised.availablePermits() == 0) {
          raised.release();
        }
      }

      @Override
      public boolean await(long ns) throws InterruptedException {
        boolean was = raised.tryAcquire(ns, TimeUnit.NANOSECONDS);
        return raised.drainPermits() > 0 || was; // also one raised in the last moment
      }
    };
  }

  @Override
  public Running start(String name, Runnable task) {
    Thread thread = Thread.ofPlatform().daemon().name(name).start(task);
    return new Running() {
      @Override
      public boolean alive() {
        return thread.isAlive();
      }

      @Override
      public void interrupt() {
        thread.interrupt();
      }

      @Override
      public boolean join(long ms) {
        try {
          thread.join(ms);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
        return !thread.isAlive();
      }
    };
  }

  @Override
  public void startLight(String name, Runnable task) {
    Thread.ofVirtual().name(name).start(task);
  }

  @Override
  public ExecutorService pool(String name, int threads, int waiting) {
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            threads,
            threads,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(waiting),
            Thread.ofPlatform().daemon().name(name + "-", 1).factory());
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }
}
