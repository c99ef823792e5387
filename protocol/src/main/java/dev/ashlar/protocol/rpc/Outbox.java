package dev.ashlar.protocol.rpc;

import io.netty.channel.EventLoop;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Hands things from any thread to one event loop, in order per thread, in batches: the loop takes
 * all there is and then flushes once. Bounded by whoever adds: requests under way, or what a client
 * may queue.
 */
final class Outbox<T> {
  /** Where the things go. */
  interface Receiver<T> {
    /** On the event loop. Must not throw. */
    void take(T thing);

    /** On the event loop, after some were taken. Must not throw. */
    void flush();

    /**
     * The event loop is shut down: lets go of the thing, on the thread that added it or another
     * that did.
     */
    void drop(T thing);
  }

  private final EventLoop loop;
  private final Receiver<T> receiver;
  private final Queue<T> queue = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean scheduled = new AtomicBoolean();

  Outbox(EventLoop loop, Receiver<T> receiver) {
    this.loop = loop;
    this.receiver = receiver;
  }

  void add(T thing) {
    queue.add(thing);
    if (scheduled.compareAndSet(false, true)) {
      try {
        loop.execute(this::drain);
      } catch (RejectedExecutionException e) {
        dropAll();
      }
    }
  }

  private void drain() {
    scheduled.set(false);
    T thing;
    while ((thing = queue.poll()) != null) {
      receiver.take(thing);
    }
    receiver.flush();
  }

  private void dropAll() {
    scheduled.set(false);
    T thing;
    while ((thing = queue.poll()) != null) {
      receiver.drop(thing);
    }
  }
}
