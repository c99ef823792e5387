package dev.ashlar.master.server;

import dev.ashlar.master.state.ClusterView;
import dev.ashlar.master.state.LogCommand;
import dev.ashlar.master.state.Placement;
import dev.ashlar.master.state.Queries;
import dev.ashlar.master.state.Tokens;
import dev.ashlar.master.state.Topology;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import dev.ashlar.protocol.message.MasterRequest.Heartbeat;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one master does and knows in one term of leading. Made when it becomes leader, dropped when
 * it ceases to be; nothing in here outlives the term. {@link #run} belongs to the duty thread, the
 * rest is thread-safe.
 */
final class Leader {
  private static final Logger LOG = LoggerFactory.getLogger(Leader.class);

  /** The same proposal is not made again within this time. */
  private static final long REPEAT_NS = 3_000_000_000L;

  /** How old the picture may be that groups are chosen from. */
  private static final long PLACEMENT_NS = 500_000_000L;

  /** Duties run twice a second; after a gap of this length the process itself was not running. */
  private static final long STALL_NS = 2_000_000_000L;

  private final long term;
  private final Metadata metadata;
  private final LongSupplier clock;
  private final Liveness liveness;
  private final TaskBoard board;
  private final Signing signing;
  private final Leases leases;
  private final Reports reports;
  private final Healing healing;
  private final Deleting deleting;
  private final Housekeeping housekeeping;
  private final Map<LogCommand, Long> proposed = new HashMap<>();
  private final Object placing = new Object();
  private @Nullable Placed placed;
  private long ranNs;

  private record Placed(Placement placement, long atNs) {}

  /**
   * Begins the term; waits for the log.
   *
   * @param poke asks for {@link #run} soon
   */
  Leader(long term, Metadata metadata, MasterConfig config, Identity identity, Runnable poke)
      throws AshlarException {
    this.term = term;
    World world = metadata.world();
    ranNs = world.nanoTime();
    this.metadata = metadata;
    clock = world::nanoTime;
    LongSupplier wallMs = world::wallMs;
    metadata.barrier();
    housekeeping = new Housekeeping(metadata, config, clock, wallMs, world.secure());
    housekeeping.begin(identity);
    Timing timing = config.timing();
    signing = new Signing(timing.tokenLife(), wallMs);
    signing.update(metadata.topology(), clock.getAsLong());
    liveness = new Liveness(timing, metadata.topology(), clock);
    board = new TaskBoard(term << 36, timing.rebuildBytesPerSecond(), clock);
    leases = new Leases(metadata, timing, clock, () -> wallMs.getAsLong() * 1_000_000);
    reports = new Reports(metadata, liveness, board, term << 36);
    healing = new Healing(metadata, liveness, board, signing, clock, poke);
    deleting =
        new Deleting(
            metadata, liveness, board, leases::pinned, timing.leaseTimeout().toNanos(), clock);
  }

  long term() {
    return term;
  }

  Liveness liveness() {
    return liveness;
  }

  Healing healing() {
    return healing;
  }

  Leases leases() {
    return leases;
  }

  Reports reports() {
    return reports;
  }

  Tokens tokens() {
    return signing.tokens(clock.getAsLong());
  }

  /** All duties once. */
  void run() {
    long now = clock.getAsLong();
    if (now - ranNs > STALL_NS) {
      LOG.warn("The leader stood still for {} ms", (now - ranNs) / 1_000_000);
      leases.stoodStill(now - ranNs);
      liveness.stoodStill(now - ranNs);
    }
    Topology topology = metadata.reload();
    liveness.topology(topology);
    signing.update(topology, clock.getAsLong());
    duty("expire tasks", board::expire);
    duty("look after leases", leases::run);
    duty("keep house", () -> housekeeping.run(topology, liveness.snapshot()));
    duty("heal", () -> healing.run(topology));
    duty("delete", () -> deleting.run(topology));
    ranNs = clock.getAsLong();
  }

  /** A bug in one duty must not stop the others. */
  private static void duty(String what, Runnable duty) {
    try {
      duty.run();
    } catch (RuntimeException e) {
      LOG.error("The leader met a bug while it was to {}; it will try again", what, e);
    }
  }

  /** A heartbeat, answered with orders. */
  MasterReply.Orders heartbeat(Heartbeat h) {
    Topology topology = metadata.topology();
    liveness.topology(topology);
    Liveness.Heard heard = liveness.heard(h);
    if (heard.restarted()) {
      board.restarted(h.server());
    }
    heard.commands().forEach(this::proposeOnce);
    reports.doubt(h.bad());
    h.results().forEach(board::result);
    board.listed(h.server(), h.beat(), h.tasks());
    reports.bad(h.server(), h.bad());
    return new MasterReply.Orders(
        topology.cluster().cluster(),
        signing.keys(),
        board.take(h.server(), h.freeSlots(), h.beat()),
        liveness.wanted(h.server()));
  }

  /** Heartbeats say the same until the state says it too. */
  private void proposeOnce(LogCommand c) {
    long now = clock.getAsLong();
    synchronized (proposed) {
      proposed.values().removeIf(at -> now - at >= REPEAT_NS);
      if (proposed.putIfAbsent(c, now) != null) {
        return;
      }
    }
    var _ = metadata.propose(c).whenComplete((reply, failure) -> metadata.stale());
  }

  /**
   * Fills what the leader chooses; may wait for new placement groups. Not on a network thread. A
   * leader that was deposed and does not know would refuse by what is past: it refuses only what it
   * still would after a barrier.
   */
  Command fill(Command command) throws AshlarException {
    try {
      return chosen(command);
    } catch (AshlarException e) {
      metadata.barrier();
      return chosen(command);
    }
  }

  private Command chosen(Command command) throws AshlarException {
    Policy policy = metadata.read(txn -> new Queries(txn).placementPolicy(command));
    if (policy == null) {
      return Queries.fill(command, null, placement(false), metadata.world().random());
    }
    try {
      return choose(command, policy, false);
    } catch (AshlarException e) {
      if (command instanceof Command.CommitPack c) {
        return Queries.staging(c, new long[0]); // nothing is staged for more files, that is all
      }
      if (!makeGroups(policy)) {
        throw e.code() == ErrorCode.RETRY ? unavailable(e) : e;
      }
      return choose(command, policy, true);
    }
  }

  private static AshlarException unavailable(AshlarException e) {
    return new AshlarException(ErrorCode.UNAVAILABLE, String.valueOf(e.getMessage()), e);
  }

  private Command choose(Command command, Policy policy, boolean fresh) throws AshlarException {
    synchronized (placing) {
      return Queries.fill(command, policy, placement(fresh), metadata.world().random());
    }
  }

  private Placement placement(boolean fresh) {
    synchronized (placing) {
      Placed p = placed;
      if (p == null || fresh || clock.getAsLong() - p.atNs >= PLACEMENT_NS) {
        Topology t = fresh ? metadata.reload() : metadata.topology();
        liveness.topology(t);
        p = new Placed(new Placement(t, liveness.snapshot()), clock.getAsLong());
        placed = p;
      }
      return p.placement;
    }
  }

  private boolean makeGroups(Policy policy) throws AshlarException {
    List<LogCommand.CreateGroup> groups = new ArrayList<>();
    synchronized (placing) {
      groups.addAll(placement(true).missingGroups(policy, true));
    }
    for (LogCommand.CreateGroup g : groups) {
      metadata.decide(g);
    }
    return !groups.isEmpty();
  }

  /** A reader met a bad block. */
  void reportBad(MasterRequest.ReportBad r) {
    reports.verify(r.disk(), List.of(r.block()));
  }

  ClusterView view() {
    return liveness;
  }
}
