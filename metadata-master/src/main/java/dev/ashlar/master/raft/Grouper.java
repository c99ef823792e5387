package dev.ashlar.master.raft;

import dev.ashlar.master.raft.ReplicationException.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Packs waiting commands into log entries: whatever came in while {@link #IN_FLIGHT} entries were
 * under way goes into the next one. Callers that were answered together come back together, so it
 * waits a moment for as many commands as the last one had. One thread submits, since submitting
 * blocks until the library has appended. Bounded in commands and in bytes; beyond that, proposals
 * are refused with {@link Kind#RETRY}.
 */
final class Grouper implements AutoCloseable {
  static final int MAX_COMMAND_BYTES = 3 << 20;
  private static final int TARGET_ENTRY_BYTES = 1 << 20;
  private static final int IN_FLIGHT = 2;
  private static final int QUEUE = 8192;
  private static final long QUEUE_BYTES = 64L << 20;

  /** An entry costs three masters a sync each and many hops of threads, whatever is in it. */
  static final Duration GATHER = Duration.ofNanos(500_000);

  private final Log log;
  private final long gatherNs;
  private final LongSupplier wallClockNs;
  private final BlockingQueue<Proposal> queue = new ArrayBlockingQueue<>(QUEUE);
  private final AtomicLong queuedBytes = new AtomicLong();
  private final Semaphore inFlight = new Semaphore(IN_FLIGHT);
  private final Thread thread;
  private volatile boolean running = true;
  private @Nullable Proposal carried;

  /** Commands in the last entry. The thread's own. */
  private int lastSize;

  /**
   * Appends an entry. Completes with one reply per command, or fails with a {@link
   * ReplicationException}. May block.
   */
  @FunctionalInterface
  interface Log {
    CompletableFuture<List<byte[]>> append(Entry entry);
  }

  /**
   * @param command null for a barrier: it takes a place in the log but no command
   */
  private record Proposal(byte @Nullable [] command, CompletableFuture<byte[]> reply) {
    int size() {
      return command == null ? 0 : command.length;
    }
  }

  /**
   * @param gather longest wait for more commands once there is one
   */
  Grouper(String name, Log log, LongSupplier wallClockNs, Duration gather) {
    this.log = log;
    this.wallClockNs = wallClockNs;
    gatherNs = gather.toNanos();
    thread = Thread.ofPlatform().name(name + "-submit").daemon().start(this::run);
  }

  CompletableFuture<byte[]> propose(byte[] command) {
    if (command.length > MAX_COMMAND_BYTES) {
      return CompletableFuture.failedFuture(
          new ReplicationException(
              Kind.REFUSED,
              "A command of "
                  + command.length
                  + " bytes is too large; the limit is "
                  + MAX_COMMAND_BYTES
                  + ". Do it in smaller parts"));
    }
    return enqueue(new Proposal(command, new CompletableFuture<>()));
  }

  /** Completes when an entry that was submitted after this call is applied here. */
  CompletableFuture<byte[]> barrier() {
    return enqueue(new Proposal(null, new CompletableFuture<>()));
  }

  private CompletableFuture<byte[]> enqueue(Proposal p) {
    if (!running) {
      return CompletableFuture.failedFuture(stopped());
    }
    if (queuedBytes.addAndGet(p.size()) > QUEUE_BYTES || !queue.offer(p)) {
      queuedBytes.addAndGet(-p.size());
      return CompletableFuture.failedFuture(
          new ReplicationException(Kind.RETRY, "Too many commands wait to be replicated"));
    }
    if (!running) {
      failQueued();
    }
    return p.reply;
  }

  private void run() {
    try {
      while (running) {
        inFlight.acquire();
        List<Proposal> group = next();
        if (group.isEmpty()) {
          inFlight.release();
        } else {
          submit(group);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      failQueued();
    }
  }

  /** Waits a second at most for something to do. */
  private List<Proposal> next() throws InterruptedException {
    List<Proposal> group = new ArrayList<>();
    long bytes = 0;
    Proposal p = carried != null ? carried : queue.poll(1, TimeUnit.SECONDS);
    carried = null;
    long until = System.nanoTime() + gatherNs;
    while (p != null) {
      if (!group.isEmpty() && bytes + p.size() > TARGET_ENTRY_BYTES) {
        carried = p;
        break;
      }
      group.add(p);
      bytes += p.size();
      p = group.size() < Entry.MAX_COMMANDS ? more(group.size(), until) : null;
    }
    lastSize = group.size();
    queuedBytes.addAndGet(-bytes);
    return group;
  }

  private @Nullable Proposal more(int have, long until) {
    Proposal p = queue.poll();
    if (p != null || have >= lastSize) {
      return p;
    }
    try {
      return queue.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // what was taken out of the queue is still submitted
      return null;
    }
  }

  private void submit(List<Proposal> group) {
    List<byte[]> commands = new ArrayList<>(group.size());
    for (Proposal p : group) {
      if (p.command != null) {
        commands.add(p.command);
      }
    }
    CompletableFuture<List<byte[]>> done;
    try {
      done = log.append(new Entry(wallClockNs.getAsLong(), commands));
    } catch (RuntimeException e) {
      done =
          CompletableFuture.failedFuture(
              new ReplicationException(Kind.RETRY, "The log did not take the entry: " + e));
    }
    var _ =
        done.whenComplete((replies, failure) -> {
          inFlight.release();
          if (failure != null) {
            group.forEach(p -> p.reply.completeExceptionally(failure));
          } else {
            answer(group, commands.size(), replies);
          }
        });
  }

  private static void answer(List<Proposal> group, int commands, List<byte[]> replies) {
    int next = 0;
    for (Proposal p : group) {
      if (p.command == null) {
        p.reply.complete(new byte[0]);
      } else if (replies.size() == commands) {
        p.reply.complete(replies.get(next++));
      } else {
        p.reply.completeExceptionally(
            new ReplicationException(
                Kind.RETRY, "The reply is not known any more; repeat the command"));
      }
    }
  }

  private static ReplicationException stopped() {
    return new ReplicationException(Kind.RETRY, "This master is stopping");
  }

  private void failQueued() {
    for (Proposal p = queue.poll(); p != null; p = queue.poll()) {
      p.reply.completeExceptionally(stopped());
    }
  }

  @Override
  public void close() {
    running = false;
    thread.interrupt();
    try {
      thread.join(TimeUnit.SECONDS.toMillis(5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Proposal p = carried;
    if (p != null) {
      p.reply.completeExceptionally(stopped());
    }
    failQueued();
  }
}
