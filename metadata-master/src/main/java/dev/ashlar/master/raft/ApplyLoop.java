package dev.ashlar.master.raft;

import dev.ashlar.master.store.Applied;
import dev.ashlar.master.store.KeyValueStore;
import dev.ashlar.master.store.WriteTxn;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Applies committed entries, as many as wait, in one transaction of the store, on one thread of its
 * own (LMDB wants its writer to stay on one). The position in the log is part of the transaction,
 * so an entry that is replayed after a restart is skipped. Futures complete after the commit: who
 * waits for one finds its effect in the store.
 *
 * <p>After any error nothing more is applied and no future completes: answering would let the
 * replicas drift apart.
 */
final class ApplyLoop implements AutoCloseable {
  private static final int QUEUE = 8192;
  private static final int ENTRIES_PER_TXN = 512;
  private static final long COMMANDS_PER_TXN = 4096;
  private static final long POLL_MS = 50;

  private final KeyValueStore store;
  private final LogApplier applier;
  private final FatalHandler fatal;
  private final BlockingQueue<Job> queue = new LinkedBlockingQueue<>(QUEUE);
  private final Thread thread;
  private volatile boolean running = true;
  private volatile boolean failed;
  private volatile boolean closing;
  private volatile List<Job> stuck = List.of();

  /**
   * @param payload empty for a barrier
   */
  private record Job(Applied position, ByteBuffer payload, CompletableFuture<byte[]> done) {}

  ApplyLoop(String name, KeyValueStore store, LogApplier applier, FatalHandler fatal) {
    this.store = store;
    this.applier = applier;
    this.fatal = fatal;
    thread = Thread.ofPlatform().name(name + "-apply").daemon().start(this::run);
  }

  /**
   * Completes with the replies of the entry; empty replies if it had been applied before. Waits
   * while the queue is full.
   */
  CompletableFuture<byte[]> submit(Applied position, ByteBuffer payload) {
    return put(new Job(position, payload, new CompletableFuture<>()));
  }

  /** Completes when everything submitted before is committed. */
  CompletableFuture<byte[]> barrier() {
    return put(new Job(Applied.NOTHING, ByteBuffer.allocate(0), new CompletableFuture<>()));
  }

  /**
   * After a failure the caller waits here until this is closed: the library must get no further. An
   * interrupted caller fails the loop, since what it leaves out would be a gap.
   */
  private CompletableFuture<byte[]> put(Job job) {
    boolean queued = false;
    try {
      while (!queued && !letGo()) {
        if (failed) {
          TimeUnit.MILLISECONDS.sleep(POLL_MS);
        } else {
          queued = queue.offer(job, POLL_MS, TimeUnit.MILLISECONDS);
        }
      }
    } catch (InterruptedException e) {
      failed = true;
      Thread.currentThread().interrupt();
    }
    if (!queued) {
      job.done.cancel(false);
    } else if (letGo()) {
      abandon();
    }
    return job.done;
  }

  /** Whether what waits is never applied by this process, and nobody must wait for it any more. */
  private boolean letGo() {
    return !running || (failed && closing);
  }

  private void run() {
    List<Job> jobs = new ArrayList<>();
    while (running && !failed) {
      try {
        jobs.clear();
        Job first = queue.poll(1, TimeUnit.SECONDS);
        if (first != null) {
          jobs.add(first);
          queue.drainTo(jobs, ENTRIES_PER_TXN - 1);
          applyAll(jobs);
        }
      } catch (InterruptedException e) {
        return;
      } catch (Throwable e) {
        stuck = List.copyOf(jobs);
        failed = true;
        fatal.fatal(
            "A log entry cannot be applied; this master stops so that its copy of the metadata stays right: "
                + e,
            e);
        if (closing) {
          abandon();
        }
      }
    }
  }

  private void applyAll(List<Job> jobs) {
    int from = 0;
    while (from < jobs.size()) {
      from = applySome(jobs, from);
    }
  }

  /** One transaction. Returns where the next begins. */
  private int applySome(List<Job> jobs, int from) {
    List<byte[]> replies = new ArrayList<>();
    int to = from;
    long commands = 0;
    if (jobs.subList(from, jobs.size()).stream().anyMatch(j -> j.payload.hasRemaining())) {
      try (WriteTxn txn = store.write()) {
        Applied applied = store.applied();
        while (to < jobs.size() && commands < COMMANDS_PER_TXN) {
          Job job = jobs.get(to++);
          List<byte[]> answers = List.of();
          if (job.payload.hasRemaining() && job.position.index() > applied.index()) {
            Entry entry = Entry.decode(job.payload);
            answers = apply(txn, entry);
            applied = job.position;
            commands += 1 + entry.commands().size();
          }
          replies.add(Entry.encodeReplies(answers));
        }
        txn.setApplied(applied);
        txn.commit();
      }
      applier.committed();
    } else {
      while (to < jobs.size()) {
        to++;
        replies.add(Entry.encodeReplies(List.of()));
      }
    }
    for (int i = from; i < to; i++) {
      jobs.get(i).done.complete(replies.get(i - from));
    }
    return to;
  }

  private List<byte[]> apply(WriteTxn txn, Entry entry) {
    List<byte[]> answers = new ArrayList<>(entry.commands().size());
    for (byte[] command : entry.commands()) {
      answers.add(applier.apply(txn, entry.timeNs(), command));
    }
    return answers;
  }

  /**
   * The master is being closed: from now on nobody waits for what a failed loop cannot apply. A
   * healthy one still applies what is queued.
   */
  void closing() {
    closing = true;
    if (letGo()) {
      abandon();
    }
  }

  private void abandon() {
    List<Job> rest = new ArrayList<>(stuck);
    queue.drainTo(rest);
    rest.forEach(j -> j.done.cancel(false));
  }

  /**
   * Stops after the transaction under way. What is still queued is applied after the next start.
   */
  @Override
  public void close() {
    running = false;
    try {
      thread.join(TimeUnit.SECONDS.toMillis(60));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    abandon();
  }
}
