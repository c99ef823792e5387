package dev.ashlar.master.state;

import dev.ashlar.master.state.Rows.ChunkOwner;
import dev.ashlar.master.state.Rows.ChunkRow;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.Policy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Finds what must be healed: which replacements to start, end or give up, and which blocks to
 * rebuild, fewest left first, then the longest in trouble. Looks at a bounded number of chunks per
 * call, those of the most endangered groups first; groups in which nothing is wrong cost nothing.
 * Keeps its place between calls; one thread.
 */
public final class HealingPlanner {
  /** How long a group that was walked through is left alone, as long as its disks do not change. */
  private static final long PAUSE_NS = 3_000_000_000L;

  /**
   * A planner that is new belongs to a leader that is new: until every server had the time to find
   * it, silence proves nothing, and no replacement is started because of it.
   */
  private static final long GRACE_NS = 10_000_000_000L;

  /** Healthy groups that may be moved out of crowded domains at a time. */
  private static final int MAX_MOVES = 4;

  /**
   * @param rowsPerCall chunk rows looked at per call
   */
  public record Limits(int rowsPerCall, int commandsPerCall, int backlog) {
    public static final Limits DEFAULT = new Limits(20_000, 64, 20_000);
  }

  /**
   * A block to rebuild.
   *
   * @param disk where to
   * @param sources disk per block of the policy, 0 where none can be read; may name the block's own
   *     old place
   * @param left blocks of the chunk that can be read (or are absent) now
   * @param bytes length of the block
   */
  public record RebuildTask(
      long group,
      BlockKey block,
      long disk,
      boolean onReplacement,
      String policy,
      long storedLength,
      long[] sources,
      int[] roots,
      int left,
      long bytes) {}

  /**
   * For status. A group that is not looked at yet counts as whole.
   *
   * @param lostInodes at most 100
   */
  public record Totals(
      long chunks,
      long whole,
      long degraded,
      long critical,
      long lost,
      long missingBlocks,
      long pendingBlocks,
      long pendingBytes,
      List<Long> lostInodes) {}

  /**
   * @param commands to be proposed in this order
   * @param tasks to be handed out in this order
   */
  public record Plan(List<LogCommand> commands, List<RebuildTask> tasks, Totals totals) {}

  private record Rank(int spare, long sinceNs, BlockKey block) implements Comparable<Rank> {
    private static final Comparator<Rank> ORDER =
        Comparator.comparingInt(Rank::spare)
            .thenComparingLong(Rank::sinceNs)
            .thenComparing(Rank::block);

    @Override
    public int compareTo(Rank o) {
      return ORDER.compare(this, o);
    }
  }

  private final Limits limits;
  private final Map<Long, GroupScan> scans = new HashMap<>();
  private final TreeMap<Rank, RebuildTask> backlog = new TreeMap<>();
  private final Map<BlockKey, Rank> ranks = new HashMap<>();

  private boolean planned;
  private long firstNs;

  public HealingPlanner(Limits limits) {
    this.limits = limits;
  }

  /**
   * @param topology of the same transaction or a little older
   * @param running blocks that a server is rebuilding now
   * @param maxTasks how many tasks the caller can hand out; tasks returned count as handed out
   * @param nowNs any monotonic clock
   */
  public Plan plan(
      ReadTxn txn,
      Topology topology,
      ClusterView view,
      Predicate<BlockKey> running,
      int maxTasks,
      long nowNs) {
    if (!planned) {
      planned = true;
      firstNs = nowNs;
    }
    boolean settled = nowNs - firstNs >= GRACE_NS;
    Tables t = new Tables(txn);
    Placement placement = new Placement(topology, view);
    List<GroupHealth> troubled = troubled(topology, view, nowNs);
    scan(t, troubled, nowNs);
    List<LogCommand> commands = new ArrayList<>();
    for (GroupHealth g : troubled) {
      if (commands.size() < limits.commandsPerCall) {
        GroupScan s = scanOf(g);
        commands.addAll(
            new GroupPlan(g, placement, settled ? s.urgent() : 0, s.kept(), s.complete())
                .commands());
      }
    }
    List<RebuildTask> tasks = tasks(t, view, running, maxTasks);
    uncrowd(topology, placement, view, commands);
    return new Plan(commands, tasks, totals(topology));
  }

  private GroupScan scanOf(GroupHealth g) {
    return Objects.requireNonNull(scans.get(g.group.id()));
  }

  /** Troubled groups, the most endangered first. */
  private List<GroupHealth> troubled(Topology topology, ClusterView view, long nowNs) {
    List<GroupHealth> troubled = new ArrayList<>();
    for (GroupRow row : topology.groups().values()) {
      GroupHealth g = new GroupHealth(row, topology.countsOf(row), view);
      if (g.troubled()) {
        troubled.add(g);
        scans.computeIfAbsent(row.id(), id -> new GroupScan(nowNs)).observe(g);
      } else {
        scans.remove(row.id());
      }
    }
    troubled.sort(Comparator.comparingInt(g -> g.usable() - g.policy.k()));
    return troubled;
  }

  /**
   * Groups that were not walked through since they changed come first, the most endangered of them
   * at once; then those whose last walk is longest ago. So groups in which nothing can be done,
   * however endangered, keep no other from being looked at.
   */
  private void scan(Tables t, List<GroupHealth> troubled, long nowNs) {
    int rows = limits.rowsPerCall;
    List<GroupHealth> order = new ArrayList<>(troubled);
    order.sort(Comparator.comparingLong(g -> scanOf(g).finishedNs()));
    for (GroupHealth g : order) {
      GroupScan s = scanOf(g);
      if (rows > 0 && s.due(nowNs, PAUSE_NS)) {
        rows -= s.advance(t, g, rows, nowNs, task -> remember(task, g.policy, s.sinceNs));
      }
    }
  }

  private void remember(RebuildTask task, Policy policy, long sinceNs) {
    Rank rank = new Rank(task.left() - policy.k(), sinceNs, task.block());
    Rank before = ranks.put(task.block(), rank);
    if (before != null) {
      backlog.remove(before);
    }
    backlog.put(rank, task);
    if (backlog.size() > limits.backlog) {
      ranks.remove(backlog.pollLastEntry().getValue().block()); // the next walk finds it again
    }
  }

  private List<RebuildTask> tasks(
      Tables t, ClusterView view, Predicate<BlockKey> running, int maxTasks) {
    List<RebuildTask> tasks = new ArrayList<>();
    Iterator<RebuildTask> next = backlog.values().iterator();
    while (tasks.size() < maxTasks && next.hasNext()) {
      RebuildTask found = next.next();
      next.remove();
      ranks.remove(found.block());
      RebuildTask task = running.test(found.block()) ? null : again(t, view, found);
      if (task != null) {
        tasks.add(task);
      }
    }
    return tasks;
  }

  /**
   * The task as it is now: much may have changed since it was found. Null if it is not needed any
   * more.
   */
  private static @Nullable RebuildTask again(Tables t, ClusterView view, RebuildTask found) {
    ChunkOwner owner = t.owner(found.group(), found.block().chunk());
    ChunkRow row = owner == null ? null : t.chunk(owner.inode(), owner.index());
    if (row == null || row.version() != found.block().version()) {
      return null;
    }
    GroupRow group = t.groupOf(row);
    GroupHealth g = new GroupHealth(group, Counts.none(group.members().length), view);
    ChunkHealth h = ChunkHealth.of(row, g);
    return Chunks.has(h.doable(), found.block().index()) ? h.task(g, found.block().index()) : null;
  }

  /** Moves blocks out of domains they share, when there is nothing better to do. */
  private void uncrowd(
      Topology topology, Placement placement, ClusterView view, List<LogCommand> commands) {
    long moves = topology.groups().values().stream().filter(g -> g.moving() != 0).count();
    if (!backlog.isEmpty() || !commands.isEmpty()) {
      return;
    }
    for (GroupRow row : topology.groups().values()) {
      if (moves >= MAX_MOVES) {
        return;
      }
      LogCommand move =
          topology.crowded(row) == 0
                  || new GroupHealth(row, topology.countsOf(row), view).troubled()
              ? null
              : move(topology, placement, row);
      if (move != null) {
        commands.add(move);
        moves++;
      }
    }
  }

  private static @Nullable LogCommand move(Topology topology, Placement placement, GroupRow row) {
    for (int i = row.members().length - 1; i >= 0; i--) {
      String domain = topology.domain(row.members()[i]);
      if (Arrays.stream(row.members()).filter(d -> topology.domain(d).equals(domain)).count() > 1) {
        OptionalLong disk = placement.uncrowded(row, i);
        if (disk.isPresent()) {
          return new LogCommand.StartReplacement(row.id(), row.epoch(), i, disk.getAsLong(), true);
        }
      }
    }
    return null;
  }

  private Totals totals(Topology topology) {
    long degraded = 0;
    long critical = 0;
    long lost = 0;
    long missing = 0;
    long pending = 0;
    long bytes = 0;
    List<Long> inodes = new ArrayList<>();
    for (GroupScan s : scans.values()) {
      GroupScan.Tally y = s.tally();
      degraded += y.degraded;
      critical += y.critical;
      lost += y.lost;
      missing += y.missingBlocks;
      pending += y.pendingBlocks;
      bytes += y.pendingBytes;
      y.lostInodes.stream()
          .filter(i -> !inodes.contains(i))
          .limit(Math.max(0, 100 - inodes.size()))
          .forEach(inodes::add);
    }
    long chunks = topology.cluster().chunks();
    return new Totals(
        chunks,
        Math.max(0, chunks - degraded - lost),
        degraded,
        critical,
        lost,
        missing,
        pending,
        bytes,
        inodes);
  }
}
