package dev.ashlar.simulation;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Some fibers that run jobs in order of arrival. */
final class SimPool extends AbstractExecutorService {
  private final SimWorld world;
  private final String name;
  private final int threads;
  private final int limit;
  private final Deque<Runnable> waiting = new ArrayDeque<>();
  private final CompletableFuture<Boolean> end = new CompletableFuture<>();
  private int running;
  private boolean closed;

  SimPool(SimWorld world, String name, int threads, int limit) {
    this.world = world;
    this.name = name;
    this.threads = threads;
    this.limit = limit;
  }

  @Override
  public void execute(Runnable job) {
    if (closed || running == threads && waiting.size() >= limit) {
      throw new RejectedExecutionException(name + " is full or closed");
    }
    if (running == threads) {
      waiting.add(job);
    } else {
      running++;
      world.startLight(name, () -> run(job));
    }
  }

  private void run(Runnable first) {
    for (@Nullable Runnable job = first; job != null; job = waiting.poll()) {
      job.run();
    }
    running--;
    ended();
  }

  private void ended() {
    if (closed && running == 0) {
      end.complete(true);
    }
  }

  @Override
  public void shutdown() {
    closed = true;
    ended();
  }

  @Override
  public List<Runnable> shutdownNow() {
    List<Runnable> left = new ArrayList<>(waiting);
    waiting.clear();
    shutdown();
    return left;
  }

  @Override
  public boolean isShutdown() {
    return closed;
  }

  @Override
  public boolean isTerminated() {
    return end.isDone();
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
    try {
      return world.await(end, unit.toNanos(timeout));
    } catch (ExecutionException | TimeoutException e) {
      return false;
    }
  }
}
