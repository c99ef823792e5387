package dev.ashlar.master.server;

import dev.ashlar.master.state.ClusterView;
import dev.ashlar.master.state.HealingPlanner;
import dev.ashlar.master.state.HealingPlanner.RebuildTask;
import dev.ashlar.master.state.LogCommand;
import dev.ashlar.master.state.LogCommand.DiskBlock;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.master.state.Tokens;
import dev.ashlar.master.state.Topology;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.message.BlockPlace;
import dev.ashlar.protocol.message.ClusterStatus;
import dev.ashlar.protocol.message.MasterReply.Task;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the planner find what is wrong, proposes its commands and hands its rebuilds to the servers
 * of the disks that they go to. {@link #run} belongs to the leader's duty thread; endings of tasks
 * and status come on others.
 */
final class Healing {
  private static final Logger LOG = LoggerFactory.getLogger(Healing.class);

  /** A block whose rebuild failed is left alone for this long. */
  private static final long RETRY_NS = 3_000_000_000L;

  /**
   * Tasks that may wait per server beyond its free slots, so that it never idles between two plans.
   */
  private static final int AHEAD = 4;

  private final Metadata metadata;
  private final Liveness liveness;
  private final TaskBoard board;
  private final Signing signing;
  private final LongSupplier clock;
  private final Runnable poke;
  private final HealingPlanner planner = new HealingPlanner(HealingPlanner.Limits.DEFAULT);
  private final Set<BlockKey> busy = new HashSet<>();
  private final Map<BlockKey, Long> failed = new HashMap<>();
  private final Rate rate;
  private volatile HealingPlanner.Totals totals =
      new HealingPlanner.Totals(0, 0, 0, 0, 0, 0, 0, 0, List.of());
  private volatile boolean planned;

  /**
   * @param poke asks for the next run soon
   */
  Healing(
      Metadata metadata,
      Liveness liveness,
      TaskBoard board,
      Signing signing,
      LongSupplier clock,
      Runnable poke) {
    this.metadata = metadata;
    this.liveness = liveness;
    this.board = board;
    this.signing = signing;
    this.clock = clock;
    this.poke = poke;
    rate = new Rate(clock);
  }

  /** One round. */
  void run(Topology topology) {
    ClusterView view = liveness.snapshot();
    long now = clock.getAsLong();
    Set<BlockKey> excluded = excluded(now);
    HealingPlanner.Plan plan =
        metadata.read(txn -> planner.plan(txn, topology, view, excluded::contains, room(), now));
    totals = plan.totals();
    planned = true;
    for (LogCommand c : plan.commands()) {
      LOG.info("Healing: {}", c);
      var _ = metadata.propose(c);
    }
    if (!plan.tasks().isEmpty()) {
      Tokens tokens = signing.tokens(now);
      plan.tasks().forEach(t -> offer(t, topology, view, tokens));
    }
  }

  private synchronized Set<BlockKey> excluded(long now) {
    failed.values().removeIf(until -> now - until >= 0);
    Set<BlockKey> all = new HashSet<>(busy);
    all.addAll(failed.keySet());
    return all;
  }

  private int room() {
    int room = 0;
    for (int free : liveness.freeSlots().values()) {
      room += free + AHEAD;
    }
    return Math.max(0, room - board.waitingRebuilds());
  }

  private void offer(RebuildTask t, Topology topology, ClusterView view, Tokens tokens) {
    String server = liveness.liveServer(t.disk());
    if (server == null) {
      fail(t, "its server is away");
      return;
    }
    GroupRow group = topology.groups().get(t.group());
    List<BlockPlace> sources = new ArrayList<>();
    for (int i = 0; i < t.sources().length; i++) {
      long disk = t.sources()[i];
      sources.add(
          disk == 0
              ? BlockPlace.NOWHERE
              : new BlockPlace(
                  view.disk(disk).address(),
                  disk,
                  group != null && group.replacements()[i] == disk));
    }
    BlockToken token =
        tokens.issue(t.block().chunk(), t.block().version(), BlockToken.READ, 0, t.group());
    synchronized (this) {
      busy.add(t.block());
    }
    boolean queued =
        board.offer(
            server,
            t.bytes(),
            id ->
                new Task.Rebuild(
                    id,
                    t.block(),
                    t.group(),
                    t.disk(),
                    t.policy(),
                    t.storedLength(),
                    sources,
                    t.roots(),
                    token),
            (failure, bytes) -> ended(t, failure, bytes));
    if (!queued) {
      fail(t, "too many rebuilds wait for its server");
    }
  }

  private void ended(RebuildTask t, String failure, long bytes) {
    if (!failure.isEmpty()) {
      fail(t, failure);
      return;
    }
    rate.add(Math.max(bytes, t.bytes()));
    LogCommand done =
        new LogCommand.BlocksRebuilt(List.of(new DiskBlock(t.group(), t.block(), t.disk())));
    var _ =
        metadata
            .propose(done)
            .whenComplete((reply, error) -> {
              synchronized (this) {
                busy.remove(t.block());
              }
              poke.run();
            });
  }

  private void fail(RebuildTask t, String why) {
    LOG.info("{} is not rebuilt on disk {} yet: {}", t.block(), Long.toHexString(t.disk()), why);
    synchronized (this) {
      busy.remove(t.block());
      failed.put(t.block(), clock.getAsLong() + RETRY_NS);
    }
  }

  HealingPlanner.Totals totals() {
    return totals;
  }

  /** Whether {@link #totals} says anything yet. */
  boolean planned() {
    return planned;
  }

  ClusterStatus.Rebuild status(long pendingDeletions) {
    HealingPlanner.Totals t = totals;
    int running = board.runningRebuilds();
    long perSecond = rate.bytesPerSecond();
    long eta =
        t.pendingBytes() == 0 ? 0 : perSecond == 0 ? -1 : t.pendingBytes() * 1000 / perSecond;
    return new ClusterStatus.Rebuild(
        running > 0 || t.pendingBlocks() > 0,
        t.pendingBlocks(),
        running,
        rate.count(),
        rate.total(),
        t.pendingBytes(),
        perSecond,
        eta,
        pendingDeletions);
  }

  /**
   * Blocks and bytes done since this leader began, and how fast over the last seconds. Thread-safe.
   */
  private static final class Rate {
    private static final long WINDOW_NS = 10_000_000_000L;
    private final LongSupplier clock;
    private final ArrayDeque<long[]> recent = new ArrayDeque<>();
    private long total;
    private long count;

    Rate(LongSupplier clock) {
      this.clock = clock;
    }

    synchronized void add(long bytes) {
      recent.add(new long[] {clock.getAsLong(), bytes});
      total += bytes;
      count++;
    }

    synchronized long bytesPerSecond() {
      long now = clock.getAsLong();
      while (!recent.isEmpty() && now - recent.getFirst()[0] > WINDOW_NS) {
        recent.removeFirst();
      }
      if (recent.isEmpty()) {
        return 0;
      }
      long bytes = recent.stream().mapToLong(r -> r[1]).sum();
      double seconds = Math.max(1, Math.min(WINDOW_NS, now - recent.getFirst()[0]) * 1e-9);
      return (long) (bytes / seconds);
    }

    synchronized long total() {
      return total;
    }

    synchronized long count() {
      return count;
    }
  }
}
