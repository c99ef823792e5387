package dev.ashlar.cluster;

import dev.ashlar.torture.Await;
import dev.ashlar.torture.StormWorker;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Processes are killed at random moments while clients change everything; afterwards every answer
 * that was given must still be true (P1, P2, P4).
 */
class KillStormTest {
  private static final int MASTERS = 3;
  private static final int SERVERS = 6;
  private static final int TOLERATED = 2;
  private static final int WORKERS = 4;
  private static final long ANSWERS_BETWEEN_KILLS = 30;

  @Test
  void aShortStormLosesNothing() throws Exception {
    storm(6);
  }

  /** {@code -Dashlar.rounds=N} for longer. */
  @Test
  @Tag("slow")
  void aLongStormLosesNothing() throws Exception {
    storm(Integer.getInteger("ashlar.rounds", 100));
  }

  private static void storm(int rounds) throws Exception {
    Seed seed = Seed.of(KillStormTest.class);
    Random random = seed.random();
    try (LocalCluster cluster =
            LocalCluster.start(MASTERS, SERVERS, "rs-3-2", "--down-after", "6s");
        ExecutorService threads =
            Executors.newFixedThreadPool(
                WORKERS, Thread.ofPlatform().name("storm-", 0).factory())) {
      AtomicBoolean stop = new AtomicBoolean();
      AtomicLong answered = new AtomicLong();
      List<StormWorker> workers = new ArrayList<>();
      List<Future<?>> running = new ArrayList<>();
      for (int w = 0; w < WORKERS; w++) {
        StormWorker worker =
            new StormWorker(cluster.address(), "/w" + w, random.nextLong(), answered);
        workers.add(worker);
        running.add(
            threads.submit(() -> {
              while (!stop.get()) {
                worker.step();
              }
              return null;
            }));
      }
      try {
        for (int round = 0; round < rounds; round++) {
          killSome(cluster, random, round);
          awaitProgress(answered, running);
          cluster.up();
          awaitProgress(answered, running);
        }
      } catch (Throwable t) {
        t.addSuppressed(new AssertionError(cluster.logs()));
        throw t;
      } finally {
        stop.set(true);
      }
      for (Future<?> worker : running) {
        worker.get(120, TimeUnit.SECONDS);
      }
      cluster.awaitHealthy();
      for (StormWorker worker : workers) {
        worker.verifyAll();
      }
      System.out.println(
          "KillStormTest: "
              + rounds
              + " rounds, "
              + answered
              + " answers, "
              + workers.stream().mapToLong(StormWorker::unknown).sum()
              + " unknown outcomes");
      workers.forEach(StormWorker::close);
      mustBecomeClean(cluster);
    }
  }

  /** Nothing wrong, and every byte that was dropped given back. */
  private static void mustBecomeClean(LocalCluster cluster) {
    AtomicReference<String> last = new AtomicReference<>("");
    try {
      Await.until(
          "what was dropped is collected and fsck is clean",
          Duration.ofMinutes(2),
          () -> {
            Shell.Result fsck = cluster.run("fsck", "--verify");
            last.set(fsck.toString());
            return fsck.exit() == 0 && !fsck.out().contains("under way");
          });
    } catch (AssertionError e) {
      e.addSuppressed(new AssertionError(last.get() + cluster.logs()));
      throw e;
    }
  }

  /** Up to as many servers as the policy tolerates, or the minority of the masters, or both. */
  private static void killSome(LocalCluster cluster, Random random, int round) {
    List<String> victims = new ArrayList<>();
    if (random.nextBoolean()) {
      victims.add("master-" + (1 + random.nextInt(MASTERS)));
    }
    int servers = random.nextInt(victims.isEmpty() ? 1 : 0, TOLERATED + 1);
    int first = random.nextInt(SERVERS);
    for (int s = 0; s < servers; s++) {
      victims.add("server-" + (1 + (first + s) % SERVERS));
    }
    System.out.println("KillStormTest: round " + round + " kills " + victims);
    victims.forEach(cluster::kill);
  }

  private static void awaitProgress(AtomicLong answered, List<Future<?>> running)
      throws IOException, InterruptedException, ExecutionException {
    long goal = answered.get() + ANSWERS_BETWEEN_KILLS;
    Await.until(
        "clients get on",
        Duration.ofSeconds(90),
        () -> {
          for (Future<?> worker : running) {
            failed(worker);
          }
          return answered.get() >= goal;
        });
  }

  private static void failed(Future<?> worker) throws InterruptedException {
    try {
      if (worker.isDone()) {
        worker.get(1, TimeUnit.SECONDS);
        throw new AssertionError("A worker stopped by itself");
      }
    } catch (ExecutionException e) {
      throw new AssertionError("A client saw what may not be: " + e.getCause(), e.getCause());
    } catch (TimeoutException e) {
      throw new AssertionError("Done but without a result", e);
    }
  }
}
