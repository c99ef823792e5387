package dev.ashlar.master.state;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.Policy;
import java.util.List;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;

/** Where blocks go. Made from one topology and one view, thrown away when either changes (about once a second). Not thread-safe. */
public final class Placement {
  public static final long MIN_FREE_BYTES = 16L << 20;

  public Placement(Topology topology, ClusterView view) {}

  /**
   * Groups for {@code count} consecutive chunks of a file of this policy.
   *
   * @throws AshlarException NO_SPACE if all disks are full, UNAVAILABLE if too few are in service. Before giving up, the caller proposes what {@link #missingGroups} says and tries again
   */
  public long[] choose(Policy policy, int count, long[] avoid, RandomGenerator random) throws AshlarException { throw new IllegalStateException(); }

  /** CreateGroup commands that would be good (bounded per call): to be proposed before the first chunk of a policy, and in the background as disks join. @param urgent also crowded ones, if no group can be written */
  public List<LogCommand.CreateGroup> missingGroups(Policy policy, boolean urgent) { throw new IllegalStateException(); }

  /** A disk to rebuild block {@code index} of a group onto. */
  public OptionalLong replacement(long group, int index) { throw new IllegalStateException(); }
}
