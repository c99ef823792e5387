package dev.ashlar.torture;

import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Rounds of trouble within what the policy tolerates: some members get hurt, at most as many as may
 * be; anything that harms nothing happens to all; then everything is put right and must become
 * whole. For one thread.
 */
final class Rounds {
  private static final List<Trouble> TROUBLES = List.of(Trouble.values());
  private static final int MOST_TROUBLES = 7;
  private static final int LONGEST_PAUSE_MS = 4000;
  private static final long PROGRESS = 20;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final TortureCluster cluster;
  private final Plan plan;
  private final Workload workload;
  private final Health health;
  private final Inflictor inflictor;
  private final Random random;
  private final PrintStream out;
  private final Map<Trouble, Integer> counts = new EnumMap<>(Trouble.class);
  private long begun;
  private int round;

  Rounds(
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
    this.inflictor = new Inflictor(cluster, random);
    this.random = random;
    this.out = out;
  }

  /** One round, until the cluster is whole again. */
  void run() throws IOException, InterruptedException {
    round++;
    begun = System.nanoTime();
    List<Member> mayHurt = choose();
    Set<Member> hurt = new LinkedHashSet<>();
    int troubles = 2 + random.nextInt(MOST_TROUBLES - 1);
    for (int i = 0; i < troubles; i++) {
      trouble(mayHurt, hurt);
      idle(200 + random.nextInt(LONGEST_PAUSE_MS));
    }
    inflictor.heal(hurt);
    say("put right");
    progress();
    health.awaitWhole(workload::mustBeFine);
    say("whole");
    health.awaitClean(workload::mustBeFine);
    say("every block verified; " + workload.answered() + " answers so far");
  }

  /** Those that may be hurt in this round: chunk servers as tolerated, and at most one master. */
  private List<Member> choose() {
    List<Member> servers = new ArrayList<>(cluster.servers());
    Collections.shuffle(servers, random);
    List<Member> chosen = new ArrayList<>(servers.subList(0, random.nextInt(plan.tolerated() + 1)));
    if (random.nextInt(3) == 0) {
      chosen.add(cluster.masters().get(random.nextInt(cluster.masters().size())));
    }
    return chosen;
  }

  private void trouble(List<Member> mayHurt, Set<Member> hurt) throws IOException {
    while (true) {
      Trouble trouble = TROUBLES.get(random.nextInt(TROUBLES.size()));
      List<Member> whom = trouble.hurts ? mayHurt : cluster.all();
      if (whom.isEmpty()) {
        continue;
      }
      Member m = whom.get(random.nextInt(whom.size()));
      if (!inflictor.can(trouble, m)) {
        continue;
      }
      boolean ofAll = trouble.name().startsWith("ALL") || trouble == Trouble.SPLIT;
      say(ofAll ? trouble.text : m.name + ": " + trouble.text);
      counts.merge(trouble, 1, Integer::sum);
      if (trouble.hurts) {
        hurt.add(m);
      }
      inflictor.inflict(trouble, m);
      return;
    }
  }

  /** Clients must get on, now that nothing stands in their way. */
  private void progress() {
    long goal = workload.answered() + PROGRESS;
    Await.until(
        "clients get on",
        PATIENCE,
        () -> {
          workload.mustBeFine();
          return workload.answered() >= goal;
        });
  }

  private void idle(long ms) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ms);
    while (System.nanoTime() < deadline) {
      workload.mustBeFine();
      TimeUnit.MILLISECONDS.sleep(50); // the schedule's own time, not a wait for something
    }
  }

  private void say(String what) {
    out.printf(
        Locale.ROOT, "round %d %+6.1f s  %s%n", round, (System.nanoTime() - begun) / 1e9, what);
    out.flush();
  }

  int rounds() {
    return round;
  }

  String counts() {
    return counts.entrySet().stream()
        .map(e -> e.getValue() + " x " + e.getKey().text)
        .collect(Collectors.joining(", "));
  }
}
