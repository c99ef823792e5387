package dev.ashlar.simulation;

import dev.ashlar.master.server.EmbeddedMaster;
import dev.ashlar.master.server.MasterConfig;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A machine that runs a master. One that starts again may need a while before it takes part, and
 * answers in the meantime.
 */
final class MasterMachine extends Machine {
  private static final long LONGEST_START_NS = 30_000_000_000L;

  private final MasterConfig config;
  private final List<String> masters;
  private final Map<String, SimRaft> running;
  private final SimNetwork network;
  private final Agreement agreement;
  private final RaftDisk disk = new RaftDisk();
  private @Nullable EmbeddedMaster master;
  private @Nullable SimRaft raft;
  private boolean again;

  MasterMachine(
      MasterConfig config,
      List<String> masters,
      Map<String, SimRaft> running,
      Scheduler scheduler,
      SimNetwork network,
      Agreement agreement,
      Random random) {
    super(config.name(), scheduler, random);
    this.config = config;
    this.masters = masters;
    this.running = running;
    this.network = network;
    this.agreement = agreement;
  }

  @Override
  void run(SimWorld world) {
    EmbeddedMaster m = new EmbeddedMaster(config, world);
    network.listen(config.clientAddress(), world.life(), m.handler());
    master = m;
    boolean slow = again && random().nextInt(3) == 0;
    again = true;
    if (slow) {
      long ns = random().nextLong(LONGEST_START_NS);
      var _ = world.start(name() + "-start", () -> begin(m, world, ns));
    } else {
      begin(m, world);
    }
  }

  private void begin(EmbeddedMaster m, SimWorld world, long afterNs) {
    try {
      world.sleep(afterNs);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    begin(m, world);
  }

  private void begin(EmbeddedMaster m, SimWorld world) {
    SimRaft r = new SimRaft(name(), masters, running, disk, world, network, agreement, random());
    m.begin(r, disk.store());
    raft = r;
  }

  @Override
  void crashed(boolean power) {
    running.remove(name());
    disk.crashed(power, random());
    master = null;
    raft = null;
  }

  boolean leads() {
    EmbeddedMaster m = master;
    return up() && m != null && m.leads();
  }

  /** The log as this master has it, if it runs. */
  @Nullable SimRaft raft() {
    return up() ? raft : null;
  }

  RaftDisk disk() {
    return disk;
  }
}
