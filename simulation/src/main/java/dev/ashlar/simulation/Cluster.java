package dev.ashlar.simulation;

import dev.ashlar.chunkserver.server.ChunkServerConfig;
import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.chunkserver.store.DiskOptions;
import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.ClientConfig;
import dev.ashlar.client.Repacker;
import dev.ashlar.master.raft.RaftSettings;
import dev.ashlar.master.server.MasterConfig;
import dev.ashlar.master.server.Timing;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.message.MasterRequest.DiskReport;
import dev.ashlar.protocol.message.MasterRequest.DiskState;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** All machines: masters first, then chunk servers, then clients; and what is done to them. */
final class Cluster {
  /** So few that reports have parts. */
  private static final int REPORT_BLOCKS = 3;

  private static final Path NOWHERE = Path.of("/nonexistent-simulated-disk");
  private static final Timing TIMING =
      new Timing(
          Duration.ofSeconds(5),
          Duration.ofSeconds(40),
          Duration.ofSeconds(15),
          Duration.ofMinutes(10),
          Duration.ofSeconds(60),
          Duration.ofMinutes(10),
          Duration.ofMinutes(30),
          0);

  /** Every block is re-read within this. */
  static final Duration SCRUB = Duration.ofMinutes(4);

  private final Scheduler scheduler;
  private final SimNetwork network;
  private final Agreement agreement = new Agreement();
  private final List<Machine> machines = new ArrayList<>();
  private final List<MasterMachine> masters = new ArrayList<>();
  private final List<ServerMachine> servers = new ArrayList<>();
  private final List<Workload> loads = new ArrayList<>();
  private final Map<String, Machine> byName = new LinkedHashMap<>();
  private final ClientConfig clientConfig;
  private final Random random;

  Cluster(Plan plan, Scheduler scheduler, Model model, Workload.Counts counts) {
    this.scheduler = scheduler;
    random = new Random(plan.seed());
    network = new SimNetwork(scheduler, new Random(random.nextLong()), this::arrived);
    List<String> names = new ArrayList<>();
    for (int i = 1; i <= plan.masters(); i++) {
      names.add("m" + i);
    }
    List<String> addresses = names.stream().map(m -> m + ":1").toList();
    List<MasterConfig.Peer> peers =
        names.stream().map(m -> new MasterConfig.Peer(m, m + ":2", m + ":1")).toList();
    Map<String, SimRaft> running = new LinkedHashMap<>();
    for (String m : names) {
      MasterConfig config =
          new MasterConfig(
              m,
              NOWHERE,
              m + ":1",
              m + ":2",
              peers,
              false,
              plan.policies().getFirst().toString(),
              TIMING,
              RaftSettings.DEFAULT);
      MasterMachine machine =
          new MasterMachine(
              config, names, running, scheduler, network, agreement, new Random(random.nextLong()));
      masters.add(machine);
      add(machine);
    }
    for (int i = 1; i <= plan.servers(); i++) {
      ServerMachine machine = server("s" + i, addresses);
      servers.add(machine);
      add(machine);
    }
    clientConfig =
        ClientConfig.of(addresses)
            .withMasterDeadline(Duration.ofSeconds(20))
            .withBlockTimeout(Duration.ofSeconds(10))
            .withMemoryBytes(16 << 20);
    for (int i = 1; i <= plan.clients(); i++) {
      List<BiConsumer<AshlarFileSystem, SimWorld>> works = new ArrayList<>();
      for (String part : List.of("", "b")) {
        Random chance = new Random(random.nextLong());
        Workload load = new Workload("c" + i + part, model, plan.policies(), chance, counts);
        loads.add(load);
        works.add(load::run);
      }
      // Half of them pack even a file that comes alone.
      ClientConfig config = clientConfig.withPacking(clientConfig.packBytes(), 1 + i % 2);
      add(
          new ClientMachine(
              "c" + i, config, scheduler, network, new Random(random.nextLong()), works));
    }
    add(
        new ClientMachine(
            "repacker",
            clientConfig,
            scheduler,
            network,
            new Random(random.nextLong()),
            List.of(Cluster::repack)));
  }

  /** What the leading master does beside, with packs of any age. */
  private static void repack(AshlarFileSystem files, SimWorld world) {
    Repacker repacker = new Repacker(files, Duration.ofSeconds(5));
    while (true) {
      try {
        world.sleep(10_000_000_000L);
        var _ = repacker.round(() -> true);
      } catch (AshlarException e) {
        world.scheduler().trace().note(world.scheduler().nowNs(), "repacker: " + e.getMessage());
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private ServerMachine server(String name, List<String> masterAddresses) {
    ChunkServerConfig config =
        new ChunkServerConfig(
            name,
            InetSocketAddress.createUnresolved(name, 1),
            name + ":1",
            masterAddresses,
            List.of(new ChunkServerConfig.DiskDir(NOWHERE.resolve(name), 0)),
            name,
            new ChunkServerConfig.Timing(
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                Duration.ofSeconds(30),
                SCRUB,
                8L << 20),
            ChunkServerConfig.RebuildLimits.DEFAULT,
            REPORT_BLOCKS);
    DiskOptions options =
        DiskOptions.DEFAULTS.withReserve(1 << 20).withSegment(512 << 10).withPunch(16 << 10);
    return new ServerMachine(
        config, options, scheduler, network, new Random(random.nextLong()), this::watched);
  }

  private BlockStore watched(ServerMachine machine, BlockStore store, SimIo io) {
    return new WatchedStore(store, machine, io::syncFailed, this::newest);
  }

  private void add(Machine m) {
    machines.add(m);
    byName.put(m.name(), m);
  }

  /** A client of its own for checks; not among the machines that faults hit. */
  ClientMachine auditor(BiConsumer<AshlarFileSystem, SimWorld> work) {
    return new ClientMachine(
        "audit",
        clientConfig.withMasterDeadline(Duration.ofSeconds(60)),
        scheduler,
        network,
        new Random(random.nextLong()),
        List.of(work));
  }

  private void arrived(String machine) {
    Machine m = byName.get(machine);
    if (m != null) {
      m.message();
    }
  }

  List<Machine> machines() {
    return machines;
  }

  List<ServerMachine> servers() {
    return servers;
  }

  List<Workload> loads() {
    return loads;
  }

  /** The metadata that is furthest ahead. */
  RaftDisk newest() {
    RaftDisk newest = masters.getFirst().disk();
    for (MasterMachine m : masters) {
      if (m.disk().store().applied().index() > newest.store().applied().index()) {
        newest = m.disk();
      }
    }
    return newest;
  }

  @Nullable MasterMachine leader() {
    for (MasterMachine m : masters) {
      if (m.leads()) {
        return m;
      }
    }
    return null;
  }

  void start() {
    machines.forEach(Machine::start);
  }

  /** Has a fault happen now. */
  void strike(Fault f) {
    scheduler.trace().note(scheduler.nowNs(), "FAULT " + f);
    Machine m = machines.get(f.target());
    SimDisk.Faults disk = m instanceof ServerMachine s ? s.disk().faults() : new SimDisk.Faults();
    switch (f.kind()) {
      case KILL -> m.crash(false, f.forNs());
      case POWER_CUT -> m.crash(true, f.forNs());
      case SITE_POWER_CUT -> machines.forEach(x -> x.crash(true, f.forNs()));
      case OUTAGE -> {
        for (int i = 0; i <= f.a() % servers.size(); i++) {
          servers.get(i).crash(f.a() % 2 == 0, f.forNs());
        }
      }
      case KILL_AT_IO -> m.crashAtIo(f.a() % 200, false, f.forNs());
      case POWER_CUT_AT_IO -> m.crashAtIo(f.a() % 200, true, f.forNs());
      case KILL_AT_MESSAGE -> m.crashAtMessage(f.a() % 200, f.a() % 2 == 0, f.forNs());
      case PAUSE -> m.pause(f.forNs());
      case PARTITION -> split(f, true);
      case ONE_WAY -> split(f, false);
      case ISOLATE -> {
        for (Machine other : machines) {
          block(m.name(), other.name(), f.forNs());
          block(other.name(), m.name(), f.forNs());
        }
      }
      case BAD_WEATHER -> {
        double d = (f.a() + 1) / 1000.0;
        network.weather(new Weather(d * 0.1, d * 0.1, d * 0.3, (long) (d * 2_000_000_000L), 0));
        scheduler.after(f.forNs(), () -> network.weather(Weather.FAIR));
      }
      case PAYLOAD_FLIPS -> {
        network.weather(new Weather(0, 0, 0, 0, (f.a() + 1) / 2000.0));
        scheduler.after(f.forNs(), () -> network.weather(Weather.FAIR));
      }
      case REPLAY -> network.replay(20 + f.a() % 200);
      case CLOCK_JUMP -> m.clock().jump((f.a() - 500) * 2_000L);
      case SLOW_DISK -> {
        disk.slow = true;
        scheduler.after(f.forNs(), () -> disk.slow = false);
      }
      case FULL_DISK -> {
        disk.full = true;
        scheduler.after(f.forNs(), () -> disk.full = false);
      }
      case LEADER_KILL -> {
        MasterMachine leader = leader();
        if (leader != null) {
          leader.crash(f.a() % 2 == 0, f.forNs());
        }
      }
      case FORGETFUL_LEADER -> {
        MasterMachine leader = leader();
        SimRaft raft = leader == null ? null : leader.raft();
        if (raft != null) {
          raft.forgetful(true);
          scheduler.after(f.forNs(), () -> raft.forgetful(false));
        }
      }
      case READ_ERRORS -> {
        disk.failReads = true;
        scheduler.after(f.forNs(), () -> disk.failReads = false);
      }
      case WRITE_ERRORS -> {
        disk.failWrites = true;
        scheduler.after(f.forNs(), () -> disk.failWrites = false);
      }
      case SYNC_ERROR -> {
        disk.failSync = true;
        scheduler.after(f.forNs(), () -> disk.failSync = false);
      }
      case READ_FLIPS -> {
        disk.flipReads = (f.a() + 1) / 2000.0;
        scheduler.after(f.forNs(), () -> disk.flipReads = 0);
      }
      case BIT_FLIPS -> {
        for (int i = 0; i <= f.a() % 20; i++) {
          var _ = ((ServerMachine) m).disk().flipBit();
        }
      }
      case LOST_WRITES -> disk.loseWrites = 1 + f.a() % 10;
      case MISDIRECTED_WRITES -> disk.misdirectWrites = 1 + f.a() % 5;
      case DISK_LOSS -> ((ServerMachine) m).wipe();
    }
  }

  private void split(Fault f, boolean bothWays) {
    Random r = new Random(f.a());
    boolean[] side = new boolean[machines.size()];
    for (int i = 0; i < side.length; i++) {
      side[i] = r.nextBoolean();
    }
    side[f.target()] = true;
    for (int i = 0; i < side.length; i++) {
      for (int j = 0; j < side.length; j++) {
        if (side[i] != side[j] && (bothWays || side[i])) {
          block(machines.get(i).name(), machines.get(j).name(), f.forNs());
        }
      }
    }
  }

  private void block(String from, String to, long ns) {
    network.block(from, to);
    scheduler.after(ns, () -> network.unblock(from, to));
  }

  /** Nothing goes wrong any more, and what is down is started. */
  void calm() {
    network.heal();
    for (Machine m : machines) {
      m.calm();
    }
    for (ServerMachine s : servers) {
      SimDisk.Faults d = s.disk().faults();
      d.slow = false;
      d.full = false;
      d.failReads = false;
      d.failWrites = false;
      d.failSync = false;
      d.flipReads = 0;
      d.loseWrites = 0;
      d.misdirectWrites = 0;
    }
    for (MasterMachine m : masters) {
      SimRaft raft = m.raft();
      if (raft != null) {
        raft.forgetful(false);
      }
    }
  }

  /** What a person would do: start what is down, restart servers whose disk has failed. */
  void tend(boolean replaceDisks) {
    for (Machine m : machines) {
      m.start();
    }
    for (ServerMachine s : servers) {
      BlockStore store = s.store();
      DiskReport report = store == null ? null : store.report();
      if (report != null && report.state() == DiskState.FAILED) {
        scheduler
            .trace()
            .note(scheduler.nowNs(), s.name() + " has a failed disk: " + report.error());
        if (replaceDisks) {
          s.wipe();
        } else {
          s.crash(false, 1_000_000_000L);
        }
      }
    }
  }
}
