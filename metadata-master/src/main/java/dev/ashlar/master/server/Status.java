package dev.ashlar.master.server;

import dev.ashlar.master.raft.Replicator;
import dev.ashlar.master.state.HealingPlanner.Totals;
import dev.ashlar.master.state.Queries;
import dev.ashlar.master.state.Roster;
import dev.ashlar.master.state.Roster.MasterRow;
import dev.ashlar.master.state.Rows.ClusterRow;
import dev.ashlar.master.state.Rows.DiskRow;
import dev.ashlar.master.state.Topology;
import dev.ashlar.protocol.message.ClusterStatus;
import dev.ashlar.protocol.message.MasterRequest.DiskReport;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What `ashlar status` shows, from counters that are kept anyway: no table is scanned but those of
 * servers, disks and groups. Thread-safe.
 */
final class Status {
  private static final int MAX_LOST_FILES = 100;

  private final MasterConfig config;
  private final Metadata metadata;

  Status(MasterConfig config, Metadata metadata) {
    this.config = config;
    this.metadata = metadata;
  }

  /**
   * @param leader null on a master that does not lead: it answers for the masters only
   */
  ClusterStatus of(@Nullable Leader leader) {
    return leader == null ? ofFollower() : ofLeader(leader);
  }

  private ClusterStatus ofFollower() {
    ClusterRow c = metadata.topology().cluster();
    Replicator r = metadata.replicator();
    return new ClusterStatus(
        c.cluster(),
        c.policy(),
        config.name(),
        r.leader(),
        r.term(),
        masters(),
        List.of(),
        List.of(),
        List.of(),
        new ClusterStatus.Redundancy(0, 0, 0, 0, 0, 0, List.of()),
        new ClusterStatus.Rebuild(false, 0, 0, 0, 0, 0, 0, -1, 0),
        0,
        0,
        0);
  }

  private ClusterStatus ofLeader(Leader leader) {
    Topology t = metadata.reload();
    leader.liveness().topology(t);
    ClusterRow c = t.cluster();
    return new ClusterStatus(
        c.cluster(),
        c.policy(),
        config.name(),
        config.name(),
        leader.term(),
        masters(),
        servers(t, leader.liveness()),
        disks(t, leader.liveness()),
        t.groupStatus(leader.liveness().snapshot()),
        redundancy(leader, t),
        leader.healing().status(c.deletions()),
        c.files(),
        c.directories(),
        c.dataBytes());
  }

  private List<ClusterStatus.Master> masters() {
    Replicator r = metadata.replicator();
    Map<String, String> clients = new HashMap<>();
    metadata
        .read(txn -> Roster.all(txn))
        .forEach((MasterRow m) -> clients.put(m.name(), m.clientAddress()));
    Set<String> reachable = new TreeSet<>(r.reachable());
    Map<String, Long> committed = r.isLeader() ? r.committed() : Map.of();
    List<ClusterStatus.Master> rows = new ArrayList<>();
    for (Replicator.Member m : r.members()) {
      boolean me = m.name().equals(config.name());
      boolean leads = m.name().equals(r.leader());
      rows.add(
          new ClusterStatus.Master(
              m.name(),
              clients.getOrDefault(m.name(), me ? config.clientAddress() : ""),
              m.raftAddress(),
              leads,
              me || leads || reachable.contains(m.name()),
              me ? r.appliedIndex() : committed.getOrDefault(m.name(), -1L)));
    }
    return rows;
  }

  private static List<ClusterStatus.Server> servers(Topology t, Liveness liveness) {
    Map<String, Integer> disks = new HashMap<>();
    t.disks().values().forEach(d -> disks.merge(d.server(), 1, Integer::sum));
    List<ClusterStatus.Server> rows = new ArrayList<>();
    t.servers()
        .values()
        .forEach(s -> {
          Liveness.ServerView v = liveness.server(s);
          String domain = s.domain().isEmpty() ? s.server() : s.domain();
          rows.add(
              new ClusterStatus.Server(
                  s.server(),
                  v.address(),
                  domain,
                  v.state(),
                  v.silentMs(),
                  disks.getOrDefault(s.server(), 0)));
        });
    return rows;
  }

  private static List<ClusterStatus.Disk> disks(Topology t, Liveness liveness) {
    List<ClusterStatus.Disk> rows = new ArrayList<>();
    for (DiskRow d : t.disks().values()) {
      DiskReport r = liveness.report(d.id());
      String state =
          switch (liveness.disk(d.id()).health()) {
            case LOST -> "failed";
            case UP, FULL, SUSPECT, DOWN ->
                liveness.disk(d.id()).health().name().toLowerCase(Locale.ROOT);
          };
      rows.add(
          r == null
              ? new ClusterStatus.Disk(
                  d.id(), d.server(), d.path(), state, d.capacityBytes(), 0, 0, 0, "")
              : new ClusterStatus.Disk(
                  d.id(),
                  d.server(),
                  r.path(),
                  state,
                  r.capacityBytes(),
                  r.usedBytes(),
                  r.freeBytes(),
                  r.blocks(),
                  r.error()));
    }
    return rows;
  }

  /**
   * As the last plan found it; what is missing also as it is now, since the plan may be half a
   * second old, or not be through with all groups.
   */
  private ClusterStatus.Redundancy redundancy(Leader leader, Topology now) {
    Totals t = leader.healing().totals();
    long missing = now.missingBlocks();
    if (!leader.healing().planned()) {
      long chunks = now.cluster().chunks();
      return new ClusterStatus.Redundancy(chunks, chunks, 0, 0, 0, missing, List.of());
    }
    List<String> lost =
        metadata.read(txn ->
            new HashSet<>(t.lostInodes())
                .stream()
                    .flatMap(i -> new Queries(txn).paths(i, MAX_LOST_FILES).stream())
                    .limit(MAX_LOST_FILES)
                    .sorted()
                    .toList());
    return new ClusterStatus.Redundancy(
        t.chunks(),
        t.whole(),
        t.degraded(),
        t.critical(),
        t.lost(),
        Math.max(t.missingBlocks(), missing),
        lost);
  }
}
