package dev.ashlar.master.state;

import dev.ashlar.master.state.ClusterView.DiskView;
import dev.ashlar.master.state.Rows.DiskRow;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;

/**
 * Where new blocks go. Made from one topology and one view, thrown away when either changes (about
 * once a second). Not thread-safe.
 *
 * <p>A policy is accepted if there are as many disks in service as it has blocks, however few
 * servers have them: blocks then share a server, which is shown as crowded. Two blocks of a group
 * never share a disk. A group can be written while {@link Policy#minimumBlocks} of its disks can
 * be; whole ones are preferred.
 */
public final class Placement {
  /** A disk with less free space takes no new blocks: two of the largest blocks. */
  public static final long MIN_FREE_BYTES = 16L << 20;

  /** Most groups proposed in one go. */
  private static final int GROUPS_AT_ONCE = 64;

  private final Topology topology;
  private final GroupFormer former;
  private final ClusterView view;
  private final Map<String, List<Choice>> choices = new HashMap<>();
  private final Map<String, List<Choice>> best = new HashMap<>();
  private final Map<Long, Integer> handedOut = new HashMap<>();

  /**
   * A group that can be written.
   *
   * @param usable its disks that can be
   * @param room least free part of any of these
   */
  private record Choice(GroupRow group, int usable, int crowded, double room) {
    boolean whole() {
      return usable == group.members().length;
    }
  }

  public Placement(Topology topology, ClusterView view) {
    this.topology = topology;
    this.view = view;
    former = new GroupFormer(topology, view);
  }

  /**
   * Groups for {@code count} consecutive chunks of a file of this policy: for each the better of
   * two taken at random, by room and by what was handed out before.
   *
   * @param avoid groups that failed the caller; used only if there are no others
   * @throws AshlarException NO_SPACE if all disks are full, UNAVAILABLE if too few are in service,
   *     RETRY if groups have to be made first: on any of these the caller proposes what {@link
   *     #missingGroups} says and tries once more with a new placement
   */
  public long[] choose(Policy policy, int count, long[] avoid, RandomGenerator random)
      throws AshlarException {
    List<Choice> all = choices.computeIfAbsent(policy.toString(), p -> writableGroups(policy));
    List<Choice> pool =
        avoid.length > 0
            ? preferred(all, avoid)
            : best.computeIfAbsent(policy.toString(), p -> preferred(all, avoid));
    if (pool.isEmpty()) {
      throw nowhere(policy);
    }
    long[] chosen = new long[count];
    for (int i = 0; i < count; i++) {
      Choice one = pool.get(random.nextInt(pool.size()));
      Choice two = pool.get(random.nextInt(pool.size()));
      Choice better = load(one) <= load(two) ? one : two;
      chosen[i] = better.group.id();
      handedOut.merge(chosen[i], 1, Integer::sum);
    }
    return chosen;
  }

  private double load(Choice c) {
    int recent = handedOut.getOrDefault(c.group.id(), 0);
    return (1.0 + recent) / Math.max(c.room, 1e-6);
  }

  private List<Choice> writableGroups(Policy policy) {
    List<Choice> writable = new ArrayList<>();
    for (GroupRow g : topology.groups().values()) {
      if (g.policy().equals(policy.toString())) {
        Choice c = choice(g);
        if (c.usable >= policy.minimumBlocks()) {
          writable.add(c);
        }
      }
    }
    return writable;
  }

  private Choice choice(GroupRow g) {
    int usable = 0;
    double room = 1;
    for (int i = 0; i < g.members().length; i++) {
      DiskView v = view.disk(g.target(i));
      if (v.writable()) {
        usable++;
        room = Math.min(room, (double) v.freeBytes() / Math.max(1, v.capacityBytes()));
      }
    }
    return new Choice(g, usable, topology.crowded(g), room);
  }

  /**
   * The least crowded of those with the most usable disks, leaving out {@code avoid} as long as
   * anything else can be written.
   */
  private static List<Choice> preferred(List<Choice> all, long[] avoid) {
    List<Choice> others =
        all.stream().filter(c -> Arrays.stream(avoid).noneMatch(a -> a == c.group.id())).toList();
    List<Choice> pool = others.isEmpty() ? all : others;
    int usable = pool.stream().mapToInt(Choice::usable).max().orElse(0);
    List<Choice> best = pool.stream().filter(c -> c.whole() || c.usable == usable).toList();
    int crowded = best.stream().mapToInt(Choice::crowded).min().orElse(0);
    return best.stream().filter(c -> c.crowded == crowded).toList();
  }

  private AshlarException nowhere(Policy policy) {
    int registered = topology.disks().size();
    long inService = 0;
    for (DiskRow d : topology.disks().values()) {
      inService += view.disk(d.id()).health().readable() ? 1 : 0;
    }
    int writable = former.writable().size();
    if (writable >= policy.width()) {
      return new AshlarException(
          ErrorCode.RETRY, "Placement groups for policy " + policy + " are being made");
    }
    String needs = "Policy " + policy + " needs " + policy.width() + " disks";
    if (inService >= policy.minimumBlocks() && writable < policy.minimumBlocks()
        || inService >= policy.width()) {
      return new AshlarException(
          ErrorCode.NO_SPACE,
          needs
              + " with room, but of "
              + inService
              + " in service only "
              + writable
              + " have at least "
              + (MIN_FREE_BYTES >> 20)
              + " MiB free: add disks or delete files");
    }
    return new AshlarException(
        registered < policy.width() ? ErrorCode.NO_SPACE : ErrorCode.UNAVAILABLE,
        needs
            + ", but "
            + registered
            + " are registered and "
            + inService
            + " in service: start more servers, add disks, or use a policy with fewer blocks");
  }

  /**
   * CreateGroup commands that would be good, at most 64 per call: in the background as disks join,
   * and at once when {@link #choose} found nothing.
   *
   * @param urgent also groups whose blocks share failure domains, if no group of the policy can be
   *     written now
   */
  public List<LogCommand.CreateGroup> missingGroups(Policy policy, boolean urgent) {
    List<DiskRow> writable = former.writable();
    if (writable.size() < policy.width()) {
      return List.of();
    }
    boolean none = writableGroups(policy).isEmpty();
    boolean spread = former.domains(writable) >= policy.width() || allDomains() < policy.width();
    if (!spread && !(urgent && none)) {
      return List.of(); // servers are away: wait for them rather than crowd
    }
    long wanted = wanted(policy, writable.size());
    List<LogCommand.CreateGroup> groups = new ArrayList<>();
    for (long have = good(policy, spread);
        (have < wanted || none && groups.isEmpty()) && groups.size() < GROUPS_AT_ONCE;
        have++) {
      List<Long> disks = former.form(policy, topology.cluster().nextGroup() + groups.size());
      groups.add(
          new LogCommand.CreateGroup(
              policy.toString(), disks.stream().mapToLong(d -> d).toArray()));
    }
    return groups;
  }

  private static long wanted(Policy policy, int disks) {
    return (GroupFormer.GROUPS_PER_DISK * (long) disks + policy.width() - 1) / policy.width();
  }

  private long allDomains() {
    return former.domains(List.copyOf(topology.disks().values()));
  }

  /** Groups of the policy that count; crowded ones do not once they could be spread. */
  private long good(Policy policy, boolean spread) {
    boolean enough = allDomains() >= policy.width();
    return topology.groups().values().stream()
        .filter(g ->
            g.policy().equals(policy.toString()) && !(spread && enough && topology.crowded(g) > 0))
        .count();
  }

  /**
   * A disk to rebuild block {@code index} of a group onto; empty if every disk in service is in the
   * group already.
   */
  public OptionalLong replacement(GroupRow group, int index) {
    return former.replacement(group, index);
  }

  /**
   * A disk whose domain no other block of the group is in, to move block {@code index} to; empty if
   * there is none.
   */
  public OptionalLong uncrowded(GroupRow group, int index) {
    OptionalLong disk = former.replacement(group, index);
    return disk.isPresent() && former.company(group, index, disk.getAsLong()) == 0
        ? disk
        : OptionalLong.empty();
  }
}
