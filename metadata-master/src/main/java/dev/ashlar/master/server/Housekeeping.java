package dev.ashlar.master.server;

import dev.ashlar.master.server.Identity.Founder;
import dev.ashlar.master.state.ClusterView;
import dev.ashlar.master.state.LogCommand;
import dev.ashlar.master.state.Placement;
import dev.ashlar.master.state.Roster;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.master.state.Topology;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * What a leader keeps in order: the cluster's name, the roster of masters, signing keys, enough
 * placement groups. On the duty thread.
 */
final class Housekeeping {
  private static final int SECRET_BYTES = 32;
  private static final long GROUPS_NS = 2_000_000_000L;

  /** Disks that appear within this time are looked at together, so that groups have a choice. */
  private static final long GATHER_NS = 250_000_000L;

  private final Metadata metadata;
  private final MasterConfig config;
  private final LongSupplier clock;
  private final LongSupplier wallMs;
  private final RandomGenerator random;
  private long groupsNs;
  private long keyNs;
  private long usable;
  private long usableNs;

  /**
   * @param random for ids and secrets
   */
  Housekeeping(
      Metadata metadata,
      MasterConfig config,
      LongSupplier clock,
      LongSupplier wallMs,
      RandomGenerator random) {
    this.random = random;
    this.metadata = metadata;
    this.config = config;
    this.clock = clock;
    this.wallMs = wallMs;
    groupsNs = clock.getAsLong() - GROUPS_NS;
    usableNs = groupsNs;
  }

  /** Before anything else: a cluster that was never named is named. Waits for the log. */
  void begin(Identity identity) throws AshlarException {
    if (metadata.reload().cluster().cluster() == 0) {
      metadata.decide(new LogCommand.InitCluster(nonZero(), config.policy(), keyId(), secret()));
    }
    for (Founder f : identity.founders()) {
      if (f.incarnation() != 0 && metadata.read(txn -> Roster.find(txn, f.name())) == null) {
        register(
            new LogCommand.RegisterMaster(
                f.name(), f.incarnation(), f.raftAddress(), f.clientAddress()));
      }
    }
    metadata.reload();
  }

  private void register(LogCommand.RegisterMaster m) throws AshlarException {
    try {
      metadata.decide(m);
    } catch (AshlarException e) {
      if (e.code() != ErrorCode.EXISTS) {
        throw e;
      }
    }
  }

  private long nonZero() {
    long id = 0;
    while (id == 0) {
      id = random.nextLong();
    }
    return id;
  }

  private byte[] secret() {
    byte[] secret = new byte[SECRET_BYTES];
    random.nextBytes(secret);
    return secret;
  }

  /** Keys are numbered by the minute they were made in, so that any leader knows their age. */
  private int keyId() {
    return (int) TimeUnit.MILLISECONDS.toMinutes(wallMs.getAsLong());
  }

  void run(Topology topology, ClusterView view) {
    long now = clock.getAsLong();
    if (now - keyNs >= Duration.ofMinutes(1).toNanos() || keyNs == 0) {
      keyNs = now == 0 ? 1 : now;
      rotate(topology);
    }
    if (now - groupsNs >= GROUPS_NS || disksChanged(topology, view, now)) {
      groupsNs = now;
      makeGroups(topology, view);
    }
  }

  /** Whether the number of usable disks changed since the last look, though not just now. */
  private boolean disksChanged(Topology topology, ClusterView view, long now) {
    long count = topology.disks().keySet().stream().filter(d -> view.disk(d).writable()).count();
    if (count != usable) {
      usable = count;
      usableNs = now;
    }
    return usableNs - groupsNs > 0 && now - usableNs >= GATHER_NS;
  }

  private void rotate(Topology topology) {
    int newest = topology.keys().isEmpty() ? 0 : topology.keys().getLast().id();
    if (keyId() - newest >= config.timing().keyAge().toMinutes() && keyId() > newest) {
      var _ = metadata.propose(new LogCommand.AddTokenKey(keyId(), secret()));
    }
  }

  /** Of the cluster's policy and of every one in use. */
  private void makeGroups(Topology topology, ClusterView view) {
    Set<String> policies = new TreeSet<>();
    policies.add(topology.cluster().policy());
    topology.groups().values().stream().map(GroupRow::policy).forEach(policies::add);
    Placement placement = new Placement(topology, view);
    for (String p : policies) {
      for (LogCommand c : placement.missingGroups(Policy.parse(p), false)) {
        var _ = metadata.propose(c);
      }
    }
  }
}
