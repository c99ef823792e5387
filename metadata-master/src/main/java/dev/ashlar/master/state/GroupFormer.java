package dev.ashlar.master.state;

import dev.ashlar.master.state.ClusterView.DiskView;
import dev.ashlar.master.state.Rows.DiskRow;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.protocol.Policy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Picks disks for groups. A slot goes to the candidate that crowds least (its failure domain, then
 * its server, counted in the group), then to the domain and the disk that are in the fewest groups
 * for their capacity, then by rendezvous hash of (policy, group, disk). So groups use all disks
 * evenly, and any domain is left out by about as many groups as any other; which disks meet in one
 * group is decided by the hash. With {@link #GROUPS_PER_DISK} groups on each disk, a disk shares
 * groups with a bounded number of others (copysets): enough of them to rebuild from all sides, few
 * enough that several lost disks seldom hold a whole group's tolerance.
 */
final class GroupFormer {
  static final int GROUPS_PER_DISK = 10;

  private final Topology topology;
  private final Map<Long, DiskView> views = new HashMap<>();

  /** Slots taken on each disk, as member or replacement. */
  private final Map<Long, Integer> slots = new HashMap<>();

  private final Map<String, Integer> domainSlots = new HashMap<>();
  private final Map<String, Double> domainWeights = new HashMap<>();
  private final Map<Long, Double> weights = new HashMap<>();

  GroupFormer(Topology topology, ClusterView view) {
    this.topology = topology;
    for (DiskRow d : topology.disks().values()) {
      DiskView v = view.disk(d.id());
      views.put(d.id(), v);
      double weight = Math.max(1, Math.max(v.capacityBytes(), d.capacityBytes()));
      weights.put(d.id(), weight);
      if (v.writable()) {
        domainWeights.merge(topology.domain(d.id()), weight, Double::sum);
      }
    }
    for (GroupRow g : topology.groups().values()) {
      for (int i = 0; i < g.members().length; i++) {
        take(g.target(i));
      }
    }
  }

  private void take(long disk) {
    slots.merge(disk, 1, Integer::sum);
    domainSlots.merge(topology.domain(disk), 1, Integer::sum);
  }

  List<DiskRow> writable() {
    return topology.disks().values().stream()
        .filter(d -> views.getOrDefault(d.id(), DiskView.UNKNOWN).writable())
        .toList();
  }

  long domains(List<DiskRow> disks) {
    return disks.stream().map(d -> topology.domain(d.id())).distinct().count();
  }

  /**
   * Disks for one more group, or an empty list if there are fewer disks than blocks. Counts them as
   * taken.
   */
  List<Long> form(Policy policy, long seed) {
    List<DiskRow> candidates = writable();
    if (candidates.size() < policy.width()) {
      return List.of();
    }
    List<Long> chosen = new ArrayList<>();
    Crowd crowd = new Crowd();
    while (chosen.size() < policy.width()) {
      long disk = best(candidates, d -> !chosen.contains(d), crowd, policy, seed);
      chosen.add(disk);
      crowd.add(disk);
    }
    chosen.forEach(this::take);
    chosen.sort(
        Comparator.comparingLong(d ->
            Rendezvous.mix(
                Rendezvous.hash(
                    policy, seed,
                    d)))); // which block a disk gets: parity must not always be the newest
    return chosen;
  }

  /**
   * A disk to take the place of block {@code index}; empty if every disk in service is in the group
   * already.
   */
  OptionalLong replacement(GroupRow group, int index) {
    Set<Long> within = new HashSet<>();
    Crowd crowd = new Crowd();
    for (int i = 0; i < group.members().length; i++) {
      within.add(group.members()[i]);
      within.add(group.replacements()[i]);
      if (i != index) {
        crowd.add(group.target(i));
      }
    }
    List<DiskRow> candidates = writable().stream().filter(d -> !within.contains(d.id())).toList();
    if (candidates.isEmpty()) {
      return OptionalLong.empty();
    }
    long disk = best(candidates, d -> true, crowd, Policies.of(group.policy()), group.id());
    take(disk);
    return OptionalLong.of(disk);
  }

  /** Other blocks of the group in the failure domain that this disk would add to. */
  int company(GroupRow group, int index, long disk) {
    Crowd crowd = new Crowd();
    for (int i = 0; i < group.members().length; i++) {
      if (i != index) {
        crowd.add(group.target(i));
      }
    }
    return crowd.inDomain(topology.domain(disk));
  }

  private long best(
      List<DiskRow> candidates, Predicate<Long> free, Crowd crowd, Policy policy, long seed) {
    Comparator<DiskRow> order =
        Comparator.<DiskRow>comparingInt(d -> crowd.inDomain(topology.domain(d.id())))
            .thenComparingInt(d -> crowd.onServer(d.server()))
            .thenComparingDouble(d ->
                load(
                    domainSlots.get(topology.domain(d.id())),
                    domainWeights.get(topology.domain(d.id()))))
            .thenComparingLong(
                d -> Rendezvous.hash(policy, seed, topology.domain(d.id()).hashCode()))
            .thenComparingDouble(d -> load(slots.get(d.id()), weights.get(d.id())))
            .thenComparingLong(d -> Rendezvous.hash(policy, seed, d.id()));
    return candidates.stream().filter(d -> free.test(d.id())).min(order).orElseThrow().id();
  }

  private static double load(@Nullable Integer slots, @Nullable Double weight) {
    return (slots == null ? 0 : slots) / (weight == null ? 1 : weight);
  }

  /** What a group under way has of each domain and server. */
  private final class Crowd {
    private final SortedMap<String, Integer> domains = new TreeMap<>();
    private final SortedMap<String, Integer> servers = new TreeMap<>();

    void add(long disk) {
      domains.merge(topology.domain(disk), 1, Integer::sum);
      DiskRow d = topology.disks().get(disk);
      if (d != null) {
        servers.merge(d.server(), 1, Integer::sum);
      }
    }

    int inDomain(String domain) {
      return domains.getOrDefault(domain, 0);
    }

    int onServer(String server) {
      return servers.getOrDefault(server, 0);
    }
  }
}
