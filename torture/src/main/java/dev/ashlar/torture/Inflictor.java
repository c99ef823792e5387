package dev.ashlar.torture;

import dev.ashlar.torture.faultfs.Fault;
import dev.ashlar.torture.faultfs.Fault.Action;
import dev.ashlar.torture.faultfs.Fault.Effect;
import dev.ashlar.torture.faultfs.FaultFs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;

/** Does what goes wrong, and puts it right again. For one thread. */
final class Inflictor {
  private static final int MOST_FLIPS = 20;
  private static final long GRACE_NS = Duration.ofSeconds(3).toNanos();
  private static final Duration STOP_USING = Duration.ofSeconds(20);

  private final TortureCluster cluster;
  private final Random random;

  Inflictor(TortureCluster cluster, Random random) {
    this.cluster = cluster;
    this.random = random;
  }

  /** Whether this can be done here, to this member. */
  boolean can(Trouble trouble, Member m) {
    return (!trouble.ofDisk() || m.disk() != null)
        && (!trouble.ofNetwork() || cluster.network().canCut())
        && (!m.master || trouble.forMasters());
  }

  /**
   * @param m whom to, if it is about one
   */
  void inflict(Trouble trouble, Member m) throws IOException {
    if (trouble.hurts) {
      m.mayEnd();
    }
    switch (trouble) {
      case KILL -> m.kill();
      case STOP -> {
        m.stop();
        m.start();
      }
      case PAUSE -> m.pause();
      case POWER_CUT -> {
        m.powerCut(random);
        m.start();
      }
      case ALL_KILLED -> {
        for (Member each : cluster.all()) {
          each.kill();
        }
        cluster.start();
      }
      case ALL_WITHOUT_POWER -> {
        for (Member each : cluster.all()) {
          each.kill();
        }
        for (Member each : cluster.all()) {
          each.powerCut(random);
        }
        cluster.start();
      }
      case ISOLATE -> {
        hearsNobody(m);
        heardByNobody(m);
      }
      case DEAF -> heardByNobody(m);
      case SPLIT -> split();
      case SLOW -> inject(m, new Fault(all(), _ -> true, Effect.SLOW, 40));
      case SYNC_ERROR -> {
        int times = random.nextBoolean() ? 1 : Fault.FOR_EVER;
        inject(m, Fault.errors(Action.SYNC).times(times));
      }
      case WRITE_ERROR -> inject(m, Fault.errors(Action.WRITE));
      case READ_ERROR -> inject(m, Fault.errors(Action.READ));
      case READ_FLIPS ->
          inject(
              m,
              new Fault(
                  Set.of(Action.READ), Inflictor::isSegment, Effect.FLIP, 1 + random.nextInt(5)));
      case MEDIA_FLIPS -> flip(m);
      case FULL -> full(m);
      case DESTROYED -> {
        m.destroyDisk(random);
        m.start();
      }
    }
  }

  private static Set<Action> all() {
    return Set.of(Action.values());
  }

  private static boolean isSegment(String path) {
    return path.endsWith(".seg"); // what else may be damaged is told when a disk is opened
  }

  private static void inject(Member m, Fault fault) {
    FaultFs disk = m.disk();
    if (disk != null) {
      disk.inject(fault);
    }
  }

  private static void full(Member m) {
    FaultFs disk = m.disk();
    if (disk != null) {
      disk.full(true);
    }
  }

  private void flip(Member m) throws IOException {
    FaultFs disk = m.disk();
    if (disk == null) {
      return;
    }
    List<Path> files;
    try (Stream<Path> walk = Files.walk(disk.lower())) {
      files =
          walk.filter(Files::isRegularFile).filter(f -> isSegment(f.toString())).sorted().toList();
    }
    int flips = files.isEmpty() ? 0 : 1 + random.nextInt(MOST_FLIPS);
    for (int i = 0; i < flips; i++) {
      Path file = files.get(random.nextInt(files.size()));
      long size = Files.exists(file) ? Files.size(file) : 0;
      if (size > 0) {
        disk.flip(disk.lower().relativize(file), random.nextLong(size), random.nextInt(8));
      }
    }
  }

  private void heardByNobody(Member m) throws IOException {
    cluster.network().cut(m.index, Network.CLIENTS);
    for (Member other : cluster.all()) {
      cluster.network().cut(m.index, other.index);
    }
  }

  private void hearsNobody(Member m) throws IOException {
    cluster.network().cut(Network.CLIENTS, m.index);
    for (Member other : cluster.all()) {
      cluster.network().cut(other.index, m.index);
    }
  }

  /** Two parts; the clients reach both. */
  private void split() throws IOException {
    boolean[] left = new boolean[cluster.all().size()];
    for (int i = 0; i < left.length; i++) {
      left[i] = random.nextBoolean();
    }
    for (Member a : cluster.all()) {
      for (Member b : cluster.all()) {
        if (left[a.index] != left[b.index]) {
          cluster.network().cut(a.index, b.index);
        }
      }
    }
  }

  /**
   * Puts right what can be put right: links, pauses, disks that work again, processes that do not
   * run. What is lost stays lost.
   *
   * @param hurt members whose disk failed, to be started anew: they do not use it again by
   *     themselves
   */
  void heal(Set<Member> hurt) throws IOException {
    cluster.network().heal();
    for (Member m : cluster.all()) {
      m.resume();
    }
    for (Member m : hurt) {
      mustNotUseFailedDisk(m);
    }
    for (Member m : cluster.all()) {
      FaultFs disk = m.disk();
      if (disk != null) {
        disk.heal();
      }
      if (m.endedByItself() && !hurt.contains(m)) {
        throw new AssertionError(m.name + " ended by itself\n" + m.lastWords());
      }
      if (hurt.contains(m)) {
        m.kill();
      }
      if (disk != null) {
        disk.activity().forgetFailedSyncs();
      }
    }
    cluster.start();
  }

  /**
   * After a sync that failed nobody knows what is on the disk: the process may end, or go on
   * without the disk, but write and sync there no more.
   */
  private static void mustNotUseFailedDisk(Member m) {
    FaultFs disk = m.disk();
    if (disk == null || disk.activity().failedSyncs() == 0 || !m.running()) {
      return;
    }
    long[] last = {-1, System.nanoTime()};
    Await.until(
        m.name + " stops using a disk whose sync failed",
        STOP_USING,
        () -> {
          long changes = disk.activity().writes() + disk.activity().syncs();
          if (changes != last[0]) {
            last[0] = changes;
            last[1] = System.nanoTime();
          }
          return !m.running() || System.nanoTime() - last[1] > GRACE_NS;
        });
  }
}
