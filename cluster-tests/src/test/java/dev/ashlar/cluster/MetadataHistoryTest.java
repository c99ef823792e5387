package dev.ashlar.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.ClientConfig;
import dev.ashlar.client.FileWriter;
import dev.ashlar.client.StageOptions;
import dev.ashlar.cluster.history.Linearizability;
import dev.ashlar.cluster.history.Names;
import dev.ashlar.cluster.history.Names.Input;
import dev.ashlar.cluster.history.Names.Output;
import dev.ashlar.cluster.history.Operation;
import dev.ashlar.protocol.AshlarException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * What concurrent clients saw of a few names, while leaders are killed and stopped, must have one
 * explanation (P4). A file is known by its mode bits.
 */
class MetadataHistoryTest {
  private static final int CLIENTS = 4;
  private static final int DIRECTORIES = 6;
  private static final int OPERATIONS_EACH = 40;
  private static final int FILES_MAX = 07777;

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
        List<Operation<Input, Output>> history = Collections.synchronizedList(new ArrayList<>());
        AtomicInteger file = new AtomicInteger(1);
        List<Future<?>> running = new ArrayList<>();
        for (int c = 0; c < CLIENTS; c++) {
          int client = c;
          Random mine = new Random(random.nextLong());
          running.add(
              threads.submit(() -> {
                for (int i = 0; i < OPERATIONS_EACH; i++) {
                  history.add(once(client, clients.get(client), directory, mine, file));
                }
              }));
        }
        disturb(cluster, clients.getFirst(), d);
        for (Future<?> client : running) {
          client.get(120, TimeUnit.SECONDS);
        }
        cluster.up();
        assertEquals(
            Optional.empty(),
            Linearizability.violation(new Names(), List.copyOf(history)),
            "directory " + d + ", " + seed);
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

  private static Operation<Input, Output> once(
      int client, AshlarFileSystem files, long directory, Random random, AtomicInteger file) {
    Input input = random(random, file);
    long called = System.nanoTime();
    try {
      Output output = run(files, directory, input);
      return new Operation<>(client, input, output, called, System.nanoTime());
    } catch (AshlarException e) {
      return switch (e.code()) {
        case NOT_FOUND, EXISTS ->
            new Operation<>(client, input, new Output.Refused(), called, System.nanoTime());
        case TIMEOUT, UNAVAILABLE, RETRY, NOT_LEADER, LEASE_LOST, SESSION_EXPIRED ->
            Operation.unanswered(client, input, called); // a kill's doing
        default -> throw new AssertionError(input + ": " + e.code() + ": " + e.getMessage(), e);
      };
    }
  }

  private static Input random(Random random, AtomicInteger file) {
    String name = random.nextBoolean() ? "a" : "b";
    return switch (random.nextInt(6)) {
      case 0 -> new Input.Create(name, file.getAndIncrement() % FILES_MAX);
      case 1 -> new Input.Put(name, file.getAndIncrement() % FILES_MAX);
      case 2 -> new Input.Delete(name);
      case 3 -> new Input.Rename(name, name.equals("a") ? "b" : "a");
      default -> new Input.Read(name);
    };
  }

  private static Output run(AshlarFileSystem files, long directory, Input input)
      throws AshlarException {
    switch (input) {
      case Input.Create(String name, int file) ->
          put(files, directory, name, StageOptions.DEFAULT.withMode(file).withReplace(false));
      case Input.Put(String name, int file) ->
          put(files, directory, name, StageOptions.DEFAULT.withMode(file));
      case Input.Read(String name) -> {
        return new Output.File(files.lookup(directory, name).mode());
      }
      case Input.Delete(String name) -> files.unlink(directory, name);
      case Input.Rename(String from, String to) ->
          files.rename(directory, from, directory, to, false, false);
    }
    return new Output.Done();
  }

  private static void put(AshlarFileSystem files, long directory, String name, StageOptions options)
      throws AshlarException {
    try (FileWriter writer = files.stage(directory, name, options)) {
      writer.commit();
    }
  }
}
