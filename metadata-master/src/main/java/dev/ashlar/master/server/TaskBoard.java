package dev.ashlar.master.server;

import dev.ashlar.protocol.message.MasterReply.Task;
import dev.ashlar.protocol.message.MasterRequest.TaskResult;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/**
 * Tasks for chunk servers, from being offered to being handed out with a heartbeat, and on to their
 * result. Whatever happens, each one ends exactly once: with its result, or with a reason if the
 * order was lost on its way, or the server restarted, fell silent or took too long. Endings run
 * outside the lock, on the caller's thread. Thread-safe.
 */
final class TaskBoard {
  private static final int QUEUE_PER_SERVER = 256;
  private static final int CHORES_AT_ONCE = 16;
  private static final long CHORE_NS = 60_000_000_000L;
  private static final long REBUILD_NS = 180_000_000_000L;

  private final LongSupplier clock;
  private final long bytesPerSecond;
  private final Map<String, Desk> desks = new HashMap<>();
  private final Map<Long, Job> running = new HashMap<>();
  private long nextId;

  /** What to do when a task ends. */
  @FunctionalInterface
  interface Ending {
    /**
     * @param failure empty if done
     */
    void ended(String failure, long bytes);
  }

  /**
   * @param beat the heartbeat in whose answer it was handed out; meaningless while it waits
   */
  private record Job(
      long id, String server, Task task, long bytes, Ending ending, long deadlineNs, long beat) {}

  /** What waits for one server. */
  private final class Desk {
    final ArrayDeque<Job> rebuilds = new ArrayDeque<>();
    final ArrayDeque<Job> chores = new ArrayDeque<>();
    double tokens = bytesPerSecond;
    long filledNs = clock.getAsLong();

    /**
     * Whether the rate allows one more rebuild now: a bucket of one second that may go below zero
     * once.
     */
    boolean allowed(long now) {
      if (bytesPerSecond <= 0) {
        return true;
      }
      tokens = Math.min((double) bytesPerSecond, tokens + (now - filledNs) * 1e-9 * bytesPerSecond);
      filledNs = now;
      return tokens > 0;
    }
  }

  /**
   * @param firstId of this leader's tasks: different for every term, so that late results of an
   *     earlier leader's mean nothing
   * @param bytesPerSecond for rebuilds, per server; 0 for no limit
   */
  TaskBoard(long firstId, long bytesPerSecond, LongSupplier clock) {
    nextId = firstId;
    this.bytesPerSecond = bytesPerSecond;
    this.clock = clock;
  }

  /** Queues a task. Returns false, and forgets it, if too many wait for this server. */
  synchronized boolean offer(String server, long bytes, LongFunction<Task> make, Ending ending) {
    Desk desk = desks.computeIfAbsent(server, s -> new Desk());
    long id = nextId++;
    Task task = make.apply(id);
    boolean rebuild = task instanceof Task.Rebuild;
    ArrayDeque<Job> queue = rebuild ? desk.rebuilds : desk.chores;
    if (queue.size() >= QUEUE_PER_SERVER) {
      return false;
    }
    queue.add(
        new Job(
            id,
            server,
            task,
            bytes,
            ending,
            clock.getAsLong() + (rebuild ? REBUILD_NS : CHORE_NS),
            0));
    return true;
  }

  /**
   * Hands out what this server is to do now.
   *
   * @param beat number of the heartbeat that this answers
   */
  synchronized List<Task> take(String server, int freeSlots, long beat) {
    Desk desk = desks.get(server);
    List<Task> tasks = new ArrayList<>();
    if (desk != null) {
      long now = clock.getAsLong();
      while (tasks.size() < CHORES_AT_ONCE && !desk.chores.isEmpty()) {
        tasks.add(start(desk.chores.remove(), now + CHORE_NS, beat));
      }
      for (int i = 0; i < freeSlots && !desk.rebuilds.isEmpty() && desk.allowed(now); i++) {
        Job job = desk.rebuilds.remove();
        desk.tokens -= job.bytes;
        tasks.add(start(job, now + REBUILD_NS, beat));
      }
    }
    return tasks;
  }

  private Task start(Job j, long deadlineNs, long beat) {
    running.put(j.id, new Job(j.id, j.server, j.task, j.bytes, j.ending, deadlineNs, beat));
    return j.task;
  }

  void result(TaskResult r) {
    Job job;
    synchronized (this) {
      job = running.remove(r.task());
    }
    if (job != null) {
      job.ending.ended(r.outcome(), r.bytes());
    }
  }

  /**
   * What this server says that it has, results in the same heartbeat being taken already. An order
   * that it does not list in a later heartbeat than the one that was answered with it never reached
   * it, or its result was told to a leader of the past. Heartbeats that come late or once more say
   * nothing about orders after them.
   *
   * @param beat number of the heartbeat; 0 if the server does not count and list
   */
  void listed(String server, long beat, long[] tasks) {
    if (beat > 0) {
      Set<Long> has = new HashSet<>();
      Arrays.stream(tasks).forEach(has::add);
      end(
          "the order was lost on its way",
          false,
          j -> j.server.equals(server) && j.beat < beat && !has.contains(j.id));
    }
  }

  /** The server forgot what it was doing. */
  void restarted(String server) {
    end("the server restarted", true, j -> j.server.equals(server));
  }

  /** Ends what took too long, or waits for a server for too long. */
  void expire() {
    long now = clock.getAsLong();
    end("no answer in time", true, j -> now - j.deadlineNs >= 0);
  }

  private void end(String why, boolean waiting, Predicate<Job> which) {
    List<Job> ended = new ArrayList<>();
    synchronized (this) {
      take(running.values().iterator(), which, ended);
      for (Desk d : waiting ? desks.values() : List.<Desk>of()) {
        take(d.rebuilds.iterator(), which, ended);
        take(d.chores.iterator(), which, ended);
      }
    }
    ended.forEach(j -> j.ending.ended(why, 0));
  }

  private static void take(Iterator<Job> from, Predicate<Job> which, List<Job> into) {
    while (from.hasNext()) {
      Job j = from.next();
      if (which.test(j)) {
        from.remove();
        into.add(j);
      }
    }
  }

  /** Rebuilds that wait to be handed out. */
  synchronized int waitingRebuilds() {
    return desks.values().stream().mapToInt(d -> d.rebuilds.size()).sum();
  }

  /** Rebuilds that servers are busy with. */
  synchronized int runningRebuilds() {
    return (int) running.values().stream().filter(j -> j.task instanceof Task.Rebuild).count();
  }
}
