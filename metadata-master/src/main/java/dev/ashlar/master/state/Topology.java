package dev.ashlar.master.state;

import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.state.Rows.ClusterRow;
import dev.ashlar.master.state.Rows.DiskRow;
import dev.ashlar.master.state.Rows.GroupCounts;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.master.state.Rows.ServerRow;
import dev.ashlar.master.state.Rows.TokenKeyRow;
import dev.ashlar.master.state.Tables.Found;
import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.ClusterStatus;
import dev.ashlar.protocol.message.MasterReply;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Servers, disks and groups as of one transaction: small enough to load whole. Immutable.
 *
 * @param keys token keys, oldest first
 */
public record Topology(
    ClusterRow cluster,
    SortedMap<String, ServerRow> servers,
    SortedMap<Long, DiskRow> disks,
    SortedMap<Long, GroupRow> groups,
    SortedMap<Long, GroupCounts> counts,
    List<TokenKeyRow> keys) {

  public static Topology load(ReadTxn txn) {
    Tables t = new Tables(txn);
    SortedMap<String, ServerRow> servers = new TreeMap<>();
    t.all(ServerRow.class, Table.SERVERS.key())
        .forEach(f -> servers.put(f.row().server(), f.row()));
    SortedMap<Long, DiskRow> disks = new TreeMap<>();
    t.all(DiskRow.class, Table.DISKS.key()).forEach(f -> disks.put(f.row().id(), f.row()));
    SortedMap<Long, GroupRow> groups = new TreeMap<>();
    t.all(GroupRow.class, Table.GROUPS.key()).forEach(f -> groups.put(f.row().id(), f.row()));
    SortedMap<Long, GroupCounts> counts = new TreeMap<>();
    t.all(GroupCounts.class, Table.GROUP_COUNTS.key())
        .forEach(f -> counts.put(Keys.number(f.key(), 0), f.row()));
    List<TokenKeyRow> keys =
        t.all(TokenKeyRow.class, Table.TOKEN_KEYS.key()).stream().map(Found::row).toList();
    return new Topology(
        t.cluster(),
        Collections.unmodifiableSortedMap(servers),
        Collections.unmodifiableSortedMap(disks),
        Collections.unmodifiableSortedMap(groups),
        Collections.unmodifiableSortedMap(counts),
        keys);
  }

  /** The failure domain of a disk: its own label, else its server's, else its server. */
  public String domain(long disk) {
    DiskRow d = disks.get(disk);
    if (d == null) {
      return "unknown disk " + Long.toHexString(disk);
    }
    if (!d.domain().isEmpty()) {
      return d.domain();
    }
    ServerRow s = servers.get(d.server());
    return s == null || s.domain().isEmpty() ? d.server() : s.domain();
  }

  public GroupCounts countsOf(GroupRow group) {
    GroupCounts c = counts.get(group.id());
    return c == null ? Counts.none(group.members().length) : c;
  }

  /** Members (replacements, where there is one) that share a domain with an earlier one. */
  public int crowded(GroupRow group) {
    Set<String> seen = new HashSet<>();
    int crowded = 0;
    for (int i = 0; i < group.members().length; i++) {
      crowded += seen.add(domain(group.target(i))) ? 0 : 1;
    }
    return crowded;
  }

  /** Blocks that members lack and no replacement is to have. */
  public long missingBlocks() {
    long missing = 0;
    for (GroupRow g : groups.values()) {
      long[] lacking = countsOf(g).missing();
      for (int i = 0; i < lacking.length; i++) {
        missing += g.replacements()[i] == 0 ? lacking[i] : 0;
      }
    }
    return missing;
  }

  /** Rows of `ashlar status`. */
  public List<ClusterStatus.Group> groupStatus(ClusterView view) {
    List<ClusterStatus.Group> rows = new ArrayList<>();
    for (GroupRow g : groups.values()) {
      int missing = 0;
      for (int i = 0; i < g.members().length; i++) {
        boolean moving = Chunks.has(g.moving(), i);
        missing +=
            !view.disk(g.members()[i]).health().readable() || g.replacements()[i] != 0 && !moving
                ? 1
                : 0;
      }
      rows.add(
          new ClusterStatus.Group(
              g.id(),
              g.policy(),
              g.epoch(),
              g.members(),
              g.replacements(),
              missing,
              crowded(g),
              countsOf(g).chunks()));
    }
    return rows;
  }

  /** Raw bytes of the disks in service, and what fits of files under the cluster's policy. */
  public MasterReply.Space space(ClusterView view) {
    long raw = 0;
    long free = 0;
    for (DiskRow d : disks.values()) {
      ClusterView.DiskView v = view.disk(d.id());
      if (v.health().readable()) {
        raw += v.capacityBytes();
        free += v.freeBytes();
      }
    }
    String policy = cluster.policy();
    if (policy.isEmpty()) {
      return new MasterReply.Space(
          raw, free, 0, 0, cluster.files() + cluster.directories(), policy);
    }
    Policy p = Policies.of(policy);
    return new MasterReply.Space(
        raw,
        free,
        raw / p.width() * p.k(),
        free / p.width() * p.k(),
        cluster.files() + cluster.directories(),
        policy);
  }
}
