package dev.ashlar.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.ClientConfig;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.torture.Await;
import dev.ashlar.torture.NameHistory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * What concurrent clients saw of a few names, while leaders are killed and stopped, must have one
 * explanation (P4). A file is known by its mode bits.
 */
class MetadataHistoryTest {
  private static final int CLIENTS = 4;
  private static final int DIRECTORIES = 6;
  private static final int OPERATIONS_EACH = 40;

  @Test
  void historiesOfNamesAreLinearizableOverLeaderKills() throws Exception {
    Seed seed = Seed.of(MetadataHistoryTest.class);
    Random random = seed.random();
    try (LocalCluster cluster = LocalCluster.start(3, 3, "rs-2-1");
        ExecutorService threads =
            Executors.newFixedThreadPool(
                CLIENTS, Thread.ofPlatform().name("history-", 0).factory())) {
      List<AshlarFileSystem> clients = new ArrayList<>();
      for (int c = 0; c < CLIENTS; c++) {
        clients.add(
            AshlarFileSystem.connect(
                ClientConfig.of(cluster.address()).withMasterDeadline(Duration.ofSeconds(20))));
      }
      for (int d = 0; d < DIRECTORIES; d++) {
        long directory = clients.getFirst().mkdirs("/history-" + d, 0755).inode();
        NameHistory history = new NameHistory(directory);
        List<Future<?>> running = new ArrayList<>();
        for (int c = 0; c < CLIENTS; c++) {
          int client = c;
          Random mine = new Random(random.nextLong());
          running.add(
              threads.submit(() -> {
                for (int i = 0; i < OPERATIONS_EACH; i++) {
                  history.once(client, clients.get(client), mine);
                }
              }));
        }
        disturb(cluster, clients.getFirst(), d);
        for (Future<?> client : running) {
          client.get(120, TimeUnit.SECONDS);
        }
        cluster.up();
        assertEquals(Optional.empty(), history.violation(), "directory " + d + ", " + seed);
      }
      clients.forEach(AshlarFileSystem::close);
    }
  }

  /** Kills the leader, or stops it for as long as it takes the others to elect another. */
  private static void disturb(LocalCluster cluster, AshlarFileSystem client, int round)
      throws AshlarException {
    String leader = client.status().leader();
    if (round % 3 == 0) {
      cluster.kill(leader);
    } else if (round % 3 == 1) {
      cluster.signal(leader, "STOP");
      try {
        Await.until(
            "another leader",
            Duration.ofSeconds(30),
            () -> !client.status().leader().equals(leader) && !client.status().leader().isEmpty());
      } finally {
        cluster.signal(leader, "CONT");
      }
    }
  }
}
