package dev.ashlar.master.server;

import dev.ashlar.master.server.MasterConfig.Peer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * A master in a process of its own, for tests that stop or kill it. Arguments: its name, the root
 * of the directories, then name, Raft address and client address of each master.
 */
final class MasterProcess {
  private MasterProcess() {}

  /** Runs until it is killed. */
  public static void main(String[] args) throws Exception {
    List<Peer> peers = new ArrayList<>();
    for (int i = 2; i < args.length; i += 3) {
      peers.add(new Peer(args[i], args[i + 1], args[i + 2]));
    }
    Peer me = peers.stream().filter(p -> p.name().equals(args[0])).findFirst().orElseThrow();
    MasterConfig config =
        MasterConfig.of(
                args[0], Path.of(args[1], args[0]), me.clientAddress(), me.raftAddress(), peers)
            .withPolicy("mirror-1")
            .withRaft(TestCluster.SETTINGS);
    try (MasterServer server = MasterServer.start(config)) {
      server.awaitStarted(Duration.ofMinutes(1));
      new CountDownLatch(1).await();
    }
  }
}
