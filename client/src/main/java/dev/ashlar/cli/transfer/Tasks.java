package dev.ashlar.cli.transfer;

import dev.ashlar.cli.Program;
import dev.ashlar.protocol.AshlarException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Runs pieces of a larger job on virtual threads, a bounded number at a time. A piece that fails is
 * reported and the others go on; but when the cluster cannot be used at all, nothing further is
 * started. {@link #start} and {@link #join} are for one thread, the owner's.
 */
public final class Tasks {
  private final int parallel;
  private final Semaphore free;
  private final Consumer<String> complaints;
  private final AtomicLong failures = new AtomicLong();
  private volatile boolean stopped;

  /** One piece. */
  @FunctionalInterface
  public interface Task {
    void run() throws IOException;
  }

  /**
   * @param complaints told one sentence for each piece that failed, on any thread
   */
  public Tasks(int parallel, Consumer<String> complaints) {
    this.parallel = parallel;
    this.complaints = complaints;
    free = new Semaphore(parallel);
  }

  /**
   * Starts a piece as soon as there is room for it; drops it if the job has stopped. If it fails,
   * {@code label} stands before the sentence.
   */
  public void start(String label, Task task) throws IOException {
    acquire(1);
    if (stopped) {
      free.release();
      return;
    }
    Thread.ofVirtual()
        .name("transfer")
        .start(() -> {
          try {
            guard(label, task);
          } finally {
            free.release();
          }
        });
  }

  /**
   * Does a piece on this thread, in the same manner.
   *
   * @return whether it succeeded
   */
  public boolean guard(String label, Task task) {
    try {
      task.run();
      return true;
    } catch (IOException | RuntimeException e) {
      failed(label, e);
    }
    return false;
  }

  /** A piece failed. */
  public void failed(String label, Throwable failure) {
    Throwable e = Program.unwrap(failure);
    if (hopeless(e)) {
      if (stopped) {
        failures.incrementAndGet();
        return; // said once
      }
      stopped = true;
    }
    failures.incrementAndGet();
    String sentence = Program.explain(e);
    complaints.accept(
        label.isEmpty() || sentence.startsWith(label) ? sentence : label + ": " + sentence);
  }

  private static boolean hopeless(Throwable e) {
    return e instanceof AshlarException a
        && switch (a.code()) {
          case UNAVAILABLE, TIMEOUT, NO_SPACE, UNSUPPORTED_VERSION, SESSION_EXPIRED -> true;
          default -> false;
        };
  }

  /** Waits until all pieces ended. */
  public void join() throws IOException {
    acquire(parallel);
    free.release(parallel);
  }

  private void acquire(int permits) throws IOException {
    try {
      free.acquire(permits); // each piece's own calls have deadlines
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException("Interrupted");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  /** Whether the job was given up. */
  public boolean stopped() {
    return stopped;
  }

  public long failures() {
    return failures.get();
  }
}
