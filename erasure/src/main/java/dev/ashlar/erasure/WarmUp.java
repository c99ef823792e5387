package dev.ashlar.erasure;

import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * The background thread on which vector passes are warmed up, one after the other. It is a daemon
 * of low priority, begins with the first task and ends when none is left. The queue is bounded by
 * the number of shapes there are, since each is submitted once.
 */
final class WarmUp {
  private final Queue<Runnable> tasks = new ArrayDeque<>();
  private @Nullable Thread thread;

  /** Runs {@code task} soon; returns at once. */
  @SuppressWarnings(
      "ThreadPriorityCheck") // a courtesy where priorities count; nothing depends on it
  synchronized void submit(Runnable task) {
    tasks.add(task);
    if (thread == null) {
      thread =
          Thread.ofPlatform()
              .name("erasure-warm-up")
              .daemon(true)
              .priority(Thread.MIN_PRIORITY)
              .start(this::drain);
    }
  }

  private void drain() {
    try {
      for (Runnable task = next(); task != null; task = next()) {
        task.run();
      }
    } finally {
      stopped();
    }
  }

  /** The next task; {@code null} ends the thread. */
  private synchronized @Nullable Runnable next() {
    Runnable task = tasks.poll();
    if (task == null) {
      thread = null;
    }
    return task;
  }

  /** After an error in a task too, the next submission must find no dead thread. */
  private synchronized void stopped() {
    if (Thread.currentThread().equals(thread)) {
      thread = null;
    }
  }
}
