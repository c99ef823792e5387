package dev.ashlar.torture;

import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ClusterStatus;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/**
 * More than any policy survives: then failure must be loud, and what still exists must stay. Nobody
 * else may use the cluster. For one thread.
 */
final class BeyondTolerance {
  private static final int LISTED = 100;

  private final TortureCluster cluster;
  private final Plan plan;
  private final Workload workload;
  private final Health health;
  private final Random random;
  private final PrintStream out;

  BeyondTolerance(
      TortureCluster cluster,
      Plan plan,
      Workload workload,
      Health health,
      Random random,
      PrintStream out) {
    this.cluster = cluster;
    this.plan = plan;
    this.workload = workload;
    this.health = health;
    this.random = random;
    this.out = out;
  }

  private List<Member> tooMany() {
    List<Member> servers = new ArrayList<>(cluster.servers());
    Collections.shuffle(servers, random);
    return servers.subList(0, plan.tolerated() + 1);
  }

  /**
   * Too many servers are away for so long that they count as down: nothing wrong may be read. When
   * they return, everything is there, so nothing was deleted meanwhile.
   */
  void away() throws Exception {
    List<Member> gone = tooMany();
    say("away: " + names(gone));
    for (Member m : gone) {
      m.kill();
    }
    health.awaitDown(gone.size());
    Set<String> unreadable = unreadable();
    say(unreadable.size() + " files cannot be read meanwhile");
    cluster.start();
    health.awaitWhole(workload::mustBeFine);
    workload.verify();
    health.awaitClean(workload::mustBeFine);
    say("back, and everything is there");
  }

  /** Too many disks are destroyed: each file is read right, or named as lost. */
  void destroyed() throws Exception {
    List<Member> gone = tooMany();
    say("destroyed: the disks of " + names(gone));
    for (Member m : gone) {
      m.kill();
    }
    for (Member m : gone) {
      m.destroyDisk(random);
    }
    cluster.start();
    health.awaitServing();
    Set<String> unreadable = unreadable();
    ClusterStatus status = health.status();
    List<String> named = status.redundancy().lostFiles();
    say(unreadable.size() + " files are lost; named by the masters: " + named.size());
    if (named.size() < LISTED) {
      unreadable.removeAll(named);
      if (!unreadable.isEmpty()) {
        throw new AssertionError("Lost but not named by the masters: " + unreadable);
      }
    }
    if (!named.isEmpty() && health.fsck(new ArrayList<>()).clean()) {
      throw new AssertionError("fsck calls a cluster clean that lost " + named);
    }
  }

  private Set<String> unreadable() throws Exception {
    Set<String> unreadable = new TreeSet<>();
    workload.verify((path, e) -> {
      if (e.code() == ErrorCode.NOT_FOUND) {
        throw e;
      }
      unreadable.add(path);
    });
    return unreadable;
  }

  private static String names(List<Member> members) {
    return String.join(", ", members.stream().map(m -> m.name).toList());
  }

  private void say(String what) {
    out.println("beyond the tolerance  " + what);
    out.flush();
  }
}
