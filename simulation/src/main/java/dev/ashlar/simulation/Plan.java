package dev.ashlar.simulation;

import dev.ashlar.protocol.Policy;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * What a seed stands for: a cluster and its faults.
 *
 * <p>The fault budget: crashes, pauses, partitions and power cuts of everything are free, since
 * they harm nothing that was synced. What harms synced data happens to one server a round, and the
 * cluster is given time to become whole before the next. One loss is what every committed chunk
 * survives, also one that was written while servers were missing.
 *
 * @param catastrophe whether more disks than any policy survives are lost at the very end
 * @param faults in the order of their times
 */
record Plan(
    long seed,
    int masters,
    int servers,
    int clients,
    List<Policy> policies,
    int rounds,
    boolean catastrophe,
    List<Fault> faults) {
  private static final long S = 1_000_000_000L;
  private static final long WINDOW_NS = 60 * S;
  private static final List<List<String>> POLICIES =
      List.of(
          List.of("rs-2-1-16k", "rs-2-1-16k-32k"),
          List.of("rs-3-2-16k", "mirror-2-16k-32k"),
          List.of("mirror-3-16k", "rs-2-1-16k-48k"),
          List.of("rs-3-2-16k-32k", "xor-2-1-32k"));

  static Plan of(long seed, int rounds) {
    Random random = new Random(seed * 0x9E3779B97F4A7C15L + 17);
    List<Policy> policies =
        POLICIES.get(random.nextInt(POLICIES.size())).stream().map(Policy::parse).toList();
    int width = policies.stream().mapToInt(Policy::width).max().orElse(1);
    int masters = random.nextInt(5) == 0 ? 5 : 3;
    int servers = width + 1 + random.nextInt(2);
    List<Fault> faults = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      addFaults(faults, round, masters, servers, 2, random);
    }
    return new Plan(
        seed, masters, servers, 2, policies, rounds, random.nextInt(4) == 0, List.copyOf(faults));
  }

  Plan with(List<Fault> fewer) {
    return new Plan(
        seed, masters, servers, clients, policies, rounds, catastrophe, List.copyOf(fewer));
  }

  /** How long faults happen in a round. */
  static long windowNs() {
    return WINDOW_NS;
  }

  private static void addFaults(
      List<Fault> faults, int round, int masters, int servers, int clients, Random random) {
    int machines = masters + servers + clients;
    int victim = masters + random.nextInt(servers);
    int count = 2 + random.nextInt(9);
    boolean damage = random.nextInt(3) > 0;
    List<Fault.Kind> kinds = List.of(Fault.Kind.values());
    List<Fault> mine = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Fault.Kind kind = kinds.get(random.nextInt(kinds.size()));
      if (kind.damage() && !damage) {
        continue;
      }
      boolean server =
          kind.damage() || kind == Fault.Kind.SLOW_DISK || kind == Fault.Kind.FULL_DISK;
      boolean client =
          (kind == Fault.Kind.PAUSE || kind == Fault.Kind.ISOLATE) && random.nextBoolean();
      int target = random.nextInt(machines);
      if (kind.damage()) {
        target = victim;
      } else if (server) {
        target = masters + random.nextInt(servers);
      } else if (client) {
        target = masters + servers + random.nextInt(clients);
      }
      long at = (long) (random.nextDouble() * WINDOW_NS);
      long most = kind == Fault.Kind.OUTAGE ? 400 : 60;
      long length = (long) (random.nextDouble() * random.nextDouble() * most * S);
      mine.add(new Fault(round, at, kind, target, random.nextInt(1000), length));
    }
    mine.sort((x, y) -> Long.compare(x.atNs(), y.atNs()));
    faults.addAll(mine);
  }
}
