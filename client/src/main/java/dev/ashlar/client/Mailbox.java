package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.rpc.RpcReply;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Answers on their way from network threads to the one thread that owns a transfer. Bounded by the
 * requests that the owner has under way. After {@link #close} answers are released unseen.
 *
 * @param <K> what tells the owner which request was answered
 */
final class Mailbox<K> implements AutoCloseable {
  /**
   * The end of a request: an answer, which the receiver closes, or an error.
   *
   * @param tookNs from sending to the end
   */
  record Answer<K>(
      K request, @Nullable RpcReply reply, @Nullable AshlarException error, long tookNs) {}

  private final World world;
  private final World.Signal filled;
  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<Answer<K>> answers = new ArrayDeque<>();
  private boolean closed;

  Mailbox(World world) {
    this.world = world;
    this.filled = world.signal();
  }

  /** Has the end of {@code future} delivered here. */
  void expect(K request, CompletableFuture<RpcReply> future) {
    long startNs = world.nanoTime();
    var _ =
        future.whenComplete((reply, error) ->
            post(
                new Answer<>(
                    request,
                    reply,
                    error == null ? null : Transport.asAshlar(error),
                    world.nanoTime() - startNs)));
  }

  private void post(Answer<K> answer) {
    lock.lock();
    try {
      if (!closed) {
        answers.add(answer);
        filled.raise();
        return;
      }
    } finally {
      lock.unlock();
    }
    discard(answer);
  }

  /** The next answer if there is one. */
  @Nullable Answer<K> poll() {
    lock.lock();
    try {
      return answers.poll();
    } finally {
      lock.unlock();
    }
  }

  /** The next answer, null if none came in time. */
  @Nullable Answer<K> poll(Duration wait) throws AshlarException {
    long untilNs = world.nanoTime() + wait.toNanos();
    Answer<K> next = poll();
    try {
      for (long leftNs = wait.toNanos();
          next == null && leftNs > 0;
          leftNs = untilNs - world.nanoTime()) {
        var _ =
            filled.await(leftNs); // it may have been raised for an answer that was taken already
        next = poll();
      }
      return next;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AshlarException(ErrorCode.TIMEOUT, "Interrupted while moving data", e);
    }
  }

  private static void discard(Answer<?> answer) {
    RpcReply reply = answer.reply();
    if (reply != null) {
      reply.close();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      answers.forEach(Mailbox::discard);
      answers.clear();
    } finally {
      lock.unlock();
    }
  }
}
