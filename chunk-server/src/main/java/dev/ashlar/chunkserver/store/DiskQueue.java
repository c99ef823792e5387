package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.World;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Operations that wait for the disk's thread, bounded in number and bytes. Thread-safe. Once
 * closed, every operation is answered with the reason.
 */
final class DiskQueue {
  @FunctionalInterface
  interface Work<T> {
    T on(StoreCore core) throws IOException;
  }

  /**
   * @param bytes of payload it holds on to
   * @param durable whether the answer must wait for a sync
   */
  record Operation<T>(Work<T> work, CompletableFuture<T> answer, long bytes, boolean durable) {
    /** Does the work; answers what will answer it. */
    Outcome run(StoreCore core) throws IOException {
      try {
        T result = work.on(core);
        return new Outcome(() -> answer.complete(result), bytes, durable);
      } catch (AshlarException e) {
        return new Outcome(() -> answer.completeExceptionally(e), bytes, false);
      }
    }
  }

  /**
   * Work that was done.
   *
   * @param afterSync whether the answer must wait for a sync
   */
  record Outcome(Runnable answer, long bytes, boolean afterSync) {}

  private static final int MAX_BATCH = 1024;

  private final ReentrantLock lock = new ReentrantLock();
  private final World world;
  private final World.Signal filled;
  private final ArrayDeque<Operation<?>> waiting = new ArrayDeque<>();
  private final long maxBytes;
  private final int maxOperations;
  private long bytes;
  private boolean ended;
  private @Nullable AshlarException closed;

  DiskQueue(World world, long maxBytes, int maxOperations) {
    this.world = world;
    filled = world.signal();
    this.maxBytes = maxBytes;
    this.maxOperations = maxOperations;
  }

  <T> CompletableFuture<T> submit(Work<T> work, long size, boolean durable) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    AshlarException refusal;
    lock.lock();
    try {
      refusal = refusal(size);
      if (refusal == null) {
        bytes += size;
        waiting.add(new Operation<>(work, answer, size, durable));
        filled.raise();
      }
    } finally {
      lock.unlock();
    }
    if (refusal != null) {
      answer.completeExceptionally(refusal);
    }
    return answer;
  }

  private @Nullable AshlarException refusal(long size) {
    AshlarException reason = closed;
    if (reason != null) {
      return new AshlarException(reason.code(), String.valueOf(reason.getMessage()));
    }
    if (ended) {
      return new AshlarException(ErrorCode.UNAVAILABLE, "The disk is being closed");
    }
    if (waiting.size() >= maxOperations || bytes > 0 && bytes + size > maxBytes) {
      return new AshlarException(
          ErrorCode.RETRY,
          "The disk is behind with "
              + waiting.size()
              + " operations and "
              + bytes
              + " bytes: try again soon");
    }
    return null;
  }

  /**
   * Takes what waits; empty if nothing came in time. The bytes count as waiting until {@link
   * #answer}.
   */
  List<Operation<?>> take(long millis) throws InterruptedException {
    long untilNs = world.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    for (long left = TimeUnit.MILLISECONDS.toNanos(millis);
        left > 0 && idle();
        left = untilNs - world.nanoTime()) {
      var _ = filled.await(left); // it may have been raised for what was taken already
    }
    lock.lockInterruptibly();
    try {
      List<Operation<?>> batch = new ArrayList<>();
      while (!waiting.isEmpty() && batch.size() < MAX_BATCH) {
        batch.add(waiting.remove());
      }
      return batch;
    } finally {
      lock.unlock();
    }
  }

  private boolean idle() {
    lock.lock();
    try {
      return waiting.isEmpty() && !ended && closed == null;
    } finally {
      lock.unlock();
    }
  }

  /** Answers; the room is free before anybody hears of it. */
  void answer(List<Outcome> outcomes) {
    long sum = 0;
    for (Outcome o : outcomes) {
      sum += o.bytes();
    }
    lock.lock();
    try {
      bytes -= sum;
    } finally {
      lock.unlock();
    }
    for (Outcome o : outcomes) {
      o.answer().run();
    }
  }

  /** Nothing more is accepted; what waits is still done. */
  void end() {
    lock.lock();
    try {
      ended = true;
      filled.raise();
    } finally {
      lock.unlock();
    }
  }

  boolean finished() {
    lock.lock();
    try {
      return ended && waiting.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /** Why it was closed, null if it was not. */
  @Nullable AshlarException closed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  /** Everything that waits, or comes later, is answered with this. */
  void close(AshlarException reason) {
    List<Operation<?>> left;
    lock.lock();
    try {
      closed = reason;
      left = List.copyOf(waiting);
      waiting.clear();
      filled.raise();
    } finally {
      lock.unlock();
    }
    for (Operation<?> o : left) {
      o.answer().completeExceptionally(reason);
    }
  }
}
