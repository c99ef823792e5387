package dev.ashlar.simulation;

import dev.ashlar.master.server.EmbeddedMaster;
import dev.ashlar.master.server.MasterConfig;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** A machine that runs a master. */
final class MasterMachine extends Machine {
  private final MasterConfig config;
  private final List<String> masters;
  private final Map<String, SimRaft> running;
  private final SimNetwork network;
  private final Agreement agreement;
  private final RaftDisk disk = new RaftDisk();
  private @Nullable EmbeddedMaster master;
  private @Nullable SimRaft raft;

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
    SimRaft r = new SimRaft(name(), masters, running, disk, world, network, agreement, random());
    EmbeddedMaster m = new EmbeddedMaster(config, r, disk.store(), world);
    network.listen(config.clientAddress(), world.life(), m.handler());
    raft = r;
    master = m;
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
