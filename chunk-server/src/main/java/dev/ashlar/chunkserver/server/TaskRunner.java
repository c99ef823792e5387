package dev.ashlar.chunkserver.server;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.message.MasterReply.Task;
import dev.ashlar.protocol.message.MasterRequest.TaskResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the master's tasks, each once however often it is ordered, and puts the outcome in the
 * outbox. Rebuilds run in slots of their own; deletions and verifications one after the other. Two
 * rebuilds of the same block on the same disk (ordered by an old and a new leader) become one.
 * Thread-safe.
 */
final class TaskRunner {
  private static final Logger LOG = LoggerFactory.getLogger(TaskRunner.class);

  /** Rebuilds that may wait per slot, so that a slot need not idle until the next heartbeat. */
  private static final int AHEAD_PER_SLOT = 3;

  /** Begun rebuilds that are remembered for {@link #touchedSince}. */
  private static final int RECENT = 4_096;

  /** Deletions, verifications and reports that may wait. */
  private static final int CHORES = 1_024;

  private final int slots;
  private final Work work;
  private final Outbox outbox;
  private final ExecutorService rebuilds;
  private final ExecutorService chores;
  private final Set<Long> known = new HashSet<>();
  private final Map<Target, Long> recent =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Target, Long> eldest) {
          return size() > RECENT;
        }
      };
  private final Map<Target, List<Long>> targets = new HashMap<>();
  private long begun;

  /** How the tasks are done: each blocks until it is, and returns the bytes moved. */
  interface Work {
    long rebuild(Task.Rebuild task) throws AshlarException;

    long delete(Task.Delete task) throws AshlarException;

    long verify(Task.Verify task) throws AshlarException;
  }

  private record Target(BlockKey block, long disk) {}

  /** A piece of work that ends with bytes or an error. */
  private interface Job {
    long run() throws AshlarException;
  }

  TaskRunner(String server, int slots, Work work, Outbox outbox, World world) {
    this.slots = slots;
    this.work = work;
    this.outbox = outbox;
    rebuilds = world.pool(server + "-rebuild", slots, slots * (1 + AHEAD_PER_SLOT) + 64);
    chores = world.pool(server + "-chores", 1, CHORES);
  }

  /** More rebuilds that this server would take now. */
  synchronized int freeSlots() {
    return Math.max(0, slots * (1 + AHEAD_PER_SLOT) - targets.size());
  }

  /**
   * What was ordered and not told yet: waits, runs, or has ended. Nothing is left out, whatever
   * ends meanwhile.
   */
  long[] open() {
    Set<Long> open;
    synchronized (this) {
      open = new TreeSet<>(known);
    }
    open.addAll(outbox.ended()); // after the others: an ending goes there before it leaves them
    return open.stream().mapToLong(Long::longValue).toArray();
  }

  /** Takes a task unless it is running, or ended and not told yet. Does not block. */
  void accept(Task task) {
    synchronized (this) {
      if (outbox.holds(task.id()) || !known.add(task.id())) {
        return;
      }
    }
    switch (task) {
      case Task.Rebuild r -> rebuild(r);
      case Task.Delete d -> submit(chores, List.of(d.id()), () -> work.delete(d));
      case Task.Verify v -> submit(chores, List.of(v.id()), () -> work.verify(v));
    }
  }

  private void rebuild(Task.Rebuild task) {
    Target target = new Target(task.block(), task.disk());
    synchronized (this) {
      recent.remove(target);
      recent.put(target, ++begun);
      List<Long> running = targets.get(target);
      if (running != null) {
        running.add(task.id());
        return;
      }
      targets.put(target, new ArrayList<>(List.of(task.id())));
    }
    run(
        rebuilds,
        () -> {
          Ended ended = attempt(() -> work.rebuild(task));
          tell(finished(target), ended);
        },
        () -> tell(finished(target), Ended.BUSY));
  }

  private synchronized List<Long> finished(Target target) {
    List<Long> ids = targets.remove(target);
    return ids == null ? List.of() : ids;
  }

  /** A moment, for {@link #touchedSince}. */
  synchronized long moment() {
    return begun;
  }

  /**
   * Whether a rebuild of this block onto this disk waits or runs, or was ordered since that moment;
   * true also if that is too long ago to tell.
   */
  synchronized boolean touchedSince(long moment, BlockKey block, long disk) {
    Target target = new Target(block, disk);
    return targets.containsKey(target)
        || recent.getOrDefault(target, -1L) > moment
        || begun - moment > RECENT;
  }

  /** Runs something that is no task after the chores before it. Returns false if too many wait. */
  boolean chore(Runnable job) {
    boolean[] taken = {true};
    run(chores, job, () -> taken[0] = false);
    return taken[0];
  }

  private record Ended(String outcome, long bytes) {
    static final Ended BUSY = new Ended("The chunk server has too many tasks", 0);
  }

  private void submit(ExecutorService pool, List<Long> ids, Job job) {
    run(pool, () -> tell(ids, attempt(job)), () -> tell(ids, Ended.BUSY));
  }

  private static void run(ExecutorService pool, Runnable job, Runnable refused) {
    try {
      pool.execute(job);
    } catch (RejectedExecutionException e) {
      refused.run();
    }
  }

  /** A job that memory ran out for has ended, too: its block and its slot must be free again. */
  private static Ended attempt(Job job) {
    try {
      return new Ended("", job.run());
    } catch (AshlarException e) {
      LOG.info("A task failed: {}", e.getMessage());
      return new Ended(e.code() + ": " + e.getMessage(), 0);
    } catch (RuntimeException | VirtualMachineError | LinkageError e) {
      LOG.error("A task met a bug or ran out of memory", e);
      return new Ended("INTERNAL: " + e, 0);
    }
  }

  private void tell(List<Long> ids, Ended ended) {
    for (long id : ids) {
      outbox.ended(new TaskResult(id, ended.outcome(), ended.bytes()));
      synchronized (this) {
        known.remove(id);
      }
    }
  }

  /** Drops what waits and waits a while for what runs. Returns whether all has ended. */
  boolean stop() {
    boolean rebuildsEnded = Pools.stop(rebuilds);
    return Pools.stop(chores) && rebuildsEnded;
  }
}
