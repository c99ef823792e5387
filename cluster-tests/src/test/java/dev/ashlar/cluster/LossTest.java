package dev.ashlar.cluster;

import dev.ashlar.torture.Await;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Servers and disks go, the files stay (P1, P6). rs-3-2 on six servers: any two may be gone. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LossTest {
  private static final int SERVERS = 6;
  private static final int TOLERATED = 2;

  private final Random random = Seed.of(LossTest.class).random();
  private LocalCluster cluster;
  private Corpus corpus;

  @BeforeAll
  void start(@TempDir Path dir) throws IOException {
    cluster = LocalCluster.start(3, SERVERS, "rs-3-2", "--down-after", "4s");
    corpus = Corpus.make(dir.resolve("corpus"), random, 30, 30 << 20);
    cluster.run("put", "-r", corpus.root().toString(), "/corpus").mustSucceed();
  }

  @AfterAll
  void stop() throws IOException {
    cluster.close();
  }

  @Test
  void anyToleratedNumberOfKilledServersLeavesAllReadableAndWritable(@TempDir Path dir)
      throws IOException {
    List<Integer> killed = someServers(TOLERATED);
    killed.forEach(s -> cluster.kill("server-" + s));
    readsBackIdentical(dir.resolve("degraded"));
    cluster.run("put", "-r", corpus.root().toString(), "/written-degraded").mustSucceed();
    cluster.up();
    cluster.awaitHealthy();
    cluster.run("get", "-r", "/written-degraded", dir.resolve("again").toString()).mustSucceed();
    corpus.mustEqual(dir.resolve("again"));
    cluster.mustBeClean();
  }

  /**
   * What {@code wait-healthy} says right after a kill is true: the full tolerance is there again.
   */
  @Test
  void healthyAfterAKillMeansThatAsManyMoreMayGo(@TempDir Path dir) throws IOException {
    List<Integer> killed = someServers(1 + TOLERATED);
    cluster.kill("server-" + killed.getFirst());
    cluster.awaitHealthy();
    killed.subList(1, killed.size()).forEach(s -> cluster.kill("server-" + s));
    readsBackIdentical(dir.resolve("minimal"));
    cluster.up();
    cluster.awaitHealthy();
    cluster.mustBeClean();
  }

  @Test
  void aDestroyedDiskOfARunningServerIsRebuiltWithoutACommand(@TempDir Path dir)
      throws IOException {
    int victim = someServers(1).getFirst();
    LocalCluster.deleteTree(cluster.disk(victim));
    Await.until(
        "the loss is noticed",
        java.time.Duration.ofSeconds(30),
        () -> cluster.run("status", "--json").out().contains("\"failed\""));
    cluster.awaitHealthy();
    cluster.mustBeClean();
    readsBackIdentical(dir.resolve("after"));
    cluster.kill("server-" + victim);
    cluster.up();
    cluster.awaitHealthy();
  }

  @Test
  void aDiskDestroyedWhileItsServerIsDownIsRebuilt(@TempDir Path dir) throws IOException {
    int victim = someServers(1).getFirst();
    cluster.kill("server-" + victim);
    LocalCluster.deleteTree(cluster.disk(victim));
    cluster.up();
    cluster.awaitHealthy();
    cluster.mustBeClean();
    readsBackIdentical(dir.resolve("after"));
  }

  private List<Integer> someServers(int count) {
    List<Integer> all = new ArrayList<>();
    for (int s = 1; s <= SERVERS; s++) {
      all.add(s);
    }
    Collections.shuffle(all, random);
    System.out.println("LossTest: servers " + all.subList(0, count));
    return all.subList(0, count);
  }

  private void readsBackIdentical(Path to) throws IOException {
    cluster.run("get", "-r", "/corpus", to.toString()).mustSucceed();
    corpus.mustEqual(to);
  }
}
