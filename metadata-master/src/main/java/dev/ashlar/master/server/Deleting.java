package dev.ashlar.master.server;

import dev.ashlar.master.state.ClusterView;
import dev.ashlar.master.state.LogCommand;
import dev.ashlar.master.state.LogCommand.DeletionKey;
import dev.ashlar.master.state.Queries;
import dev.ashlar.master.state.Queries.Deletion;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.master.state.Topology;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.message.MasterReply.Task;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongPredicate;
import java.util.function.LongSupplier;

/**
 * Carries out deletions: pages through their rows, has the live servers drop the blocks, and
 * forgets a row once all of those said so. Servers that are away clean up when their block reports
 * are judged. A new leader waits until readers had the time to renew their pins. {@link #run}
 * belongs to the duty thread.
 */
final class Deleting {
  private static final int PAGE = 1000;
  private static final int BLOCKS_PER_TASK = 500;
  private static final DeletionKey START = new DeletionKey(0, 0, 0);

  private final Metadata metadata;
  private final Liveness liveness;
  private final TaskBoard board;
  private final LongPredicate pinned;
  private final LongSupplier clock;
  private final long fromNs;
  private DeletionKey cursor = START;
  private final Map<DeletionKey, Integer> pending = new HashMap<>();
  private final Set<DeletionKey> broken = new HashSet<>();

  /**
   * @param pinned whether a reader needs this inode's old chunks
   * @param waitNs how long a new leader deletes nothing
   */
  Deleting(
      Metadata metadata,
      Liveness liveness,
      TaskBoard board,
      LongPredicate pinned,
      long waitNs,
      LongSupplier clock) {
    this.metadata = metadata;
    this.liveness = liveness;
    this.board = board;
    this.pinned = pinned;
    this.clock = clock;
    fromNs = clock.getAsLong() + waitNs;
  }

  /** One page. */
  void run(Topology topology) {
    if (clock.getAsLong() - fromNs < 0) {
      return;
    }
    List<Deletion> page = metadata.read(txn -> new Queries(txn).deletions(cursor, PAGE));
    cursor = page.size() < PAGE ? START : page.getLast().key();
    Map<Long, List<Part>> perDisk = new HashMap<>();
    List<DeletionKey> nobody = new ArrayList<>();
    for (Deletion d : page) {
      if (!underWay(d.key()) && !pinned.test(d.row().inode())) {
        plan(d.key(), topology, perDisk, nobody);
      }
    }
    if (!nobody.isEmpty()) {
      var _ = metadata.propose(new LogCommand.DeletionsDone(nobody));
    }
    perDisk.forEach(this::send);
  }

  private record Part(DeletionKey key, BlockKey block) {}

  private synchronized boolean underWay(DeletionKey key) {
    return pending.containsKey(key);
  }

  private void plan(
      DeletionKey key, Topology topology, Map<Long, List<Part>> perDisk, List<DeletionKey> nobody) {
    GroupRow group = topology.groups().get(key.group());
    if (group == null) {
      return; // made after this topology was read: next time
    }
    ClusterView view = liveness;
    int parts = 0;
    for (int i = 0; i < group.members().length; i++) {
      for (long disk : new long[] {group.members()[i], group.replacements()[i]}) {
        if (disk != 0 && view.disk(disk).health().readable()) {
          perDisk
              .computeIfAbsent(disk, d -> new ArrayList<>())
              .add(new Part(key, new BlockKey(key.chunk(), key.version(), i)));
          parts++;
        }
      }
    }
    if (parts == 0) {
      nobody.add(key);
      return;
    }
    synchronized (this) {
      pending.put(key, parts);
    }
  }

  private void send(long disk, List<Part> parts) {
    for (int from = 0; from < parts.size(); from += BLOCKS_PER_TASK) {
      List<Part> some =
          List.copyOf(parts.subList(from, Math.min(parts.size(), from + BLOCKS_PER_TASK)));
      List<BlockKey> blocks = some.stream().map(Part::block).toList();
      String server = liveness.liveServer(disk);
      if (server == null
          || !board.offer(
              server,
              0,
              id -> new Task.Delete(id, disk, blocks),
              (failure, bytes) -> ended(some, failure.isEmpty()))) {
        ended(some, false);
      }
    }
  }

  /**
   * One disk's part is over; the last part of a deletion decides: done everywhere, or to be tried
   * again.
   */
  private void ended(List<Part> parts, boolean done) {
    List<DeletionKey> finished = new ArrayList<>();
    synchronized (this) {
      for (Part p : parts) {
        if (!done) {
          broken.add(p.key);
        }
        if (pending.merge(p.key, -1, Integer::sum) <= 0) {
          if (broken.remove(p.key)) {
            pending.remove(p.key);
          } else {
            finished.add(p.key);
          }
        }
      }
    }
    if (!finished.isEmpty()) {
      var _ =
          metadata
              .propose(new LogCommand.DeletionsDone(finished))
              .whenComplete((reply, failure) -> forget(finished));
    }
  }

  private synchronized void forget(List<DeletionKey> keys) {
    keys.forEach(pending::remove);
  }
}
