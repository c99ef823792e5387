package dev.ashlar.chunkserver.server;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * The clients' way to a disk: what the disk's own queue cannot take yet waits here in order of
 * arrival, so that a busy disk makes writers slow instead of making them give up blocks. Refuses
 * only when too much waits. Thread-safe; never blocks.
 */
final class DiskLane {
  /** Of the disk's queue; what is left of it is for rebuilds and deletions. */
  static final long AT_DISK_BYTES = 40L << 20;

  static final int AT_DISK_OPERATIONS = 2_048;
  private static final int WAITING_OPERATIONS = 16_384;

  private final long waitingLimit;
  private final Deque<Waiting<?>> waiting = new ArrayDeque<>();
  private long waitingBytes;
  private long bytesAtDisk;
  private int operationsAtDisk;
  private boolean pumping;

  /**
   * @param waitingLimit bytes that may wait here
   */
  DiskLane(long waitingLimit) {
    this.waitingLimit = waitingLimit;
  }

  private record Waiting<T>(
      long bytes, Supplier<CompletableFuture<T>> operation, CompletableFuture<T> answer) {}

  /**
   * Starts the operation when it is its turn; operations start in the order in which they come.
   *
   * @param operation hands something to the disk without blocking; run at most once, on this thread
   *     or on one that completes another operation
   * @return its outcome, or RETRY if too much waits
   */
  <T> CompletableFuture<T> submit(long bytes, Supplier<CompletableFuture<T>> operation) {
    Waiting<T> w = new Waiting<>(bytes, operation, new CompletableFuture<>());
    synchronized (this) {
      if (waitingBytes + bytes > waitingLimit || waiting.size() >= WAITING_OPERATIONS) {
        return CompletableFuture.failedFuture(
            new AshlarException(
                ErrorCode.RETRY, "Too many writes wait for this disk: try again soon"));
      }
      waiting.add(w);
      waitingBytes += bytes;
      pump();
    }
    return w.answer();
  }

  private synchronized void pump() {
    if (pumping) {
      return;
    }
    pumping = true;
    try {
      Waiting<?> next = waiting.peek();
      while (next != null && fits(next.bytes())) {
        waiting.remove();
        waitingBytes -= next.bytes();
        start(next);
        next = waiting.peek();
      }
    } finally {
      pumping = false;
    }
  }

  private boolean fits(long bytes) {
    return operationsAtDisk == 0
        || operationsAtDisk < AT_DISK_OPERATIONS && bytesAtDisk + bytes <= AT_DISK_BYTES;
  }

  private <T> void start(Waiting<T> w) {
    bytesAtDisk += w.bytes();
    operationsAtDisk++;
    CompletableFuture<T> started;
    try {
      started = w.operation().get();
    } catch (RuntimeException e) {
      started = CompletableFuture.failedFuture(e);
    }
    var _ =
        started.whenComplete((result, error) -> {
          left(w.bytes());
          if (error == null) {
            w.answer().complete(result);
          } else {
            w.answer().completeExceptionally(error);
          }
          pump();
        });
  }

  private synchronized void left(long bytes) {
    bytesAtDisk -= bytes;
    operationsAtDisk--;
  }
}
