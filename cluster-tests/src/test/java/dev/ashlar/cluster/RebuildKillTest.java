package dev.ashlar.cluster;

import dev.ashlar.torture.Await;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Those who rebuild a lost disk, and the master who has them do it, are killed in the middle of it
 * (P1, P6). rs-3-2 on seven servers, with a rebuild that is slow enough to be met.
 */
class RebuildKillTest {
  private static final int SERVERS = 7;
  private static final int BYTES = 150 << 20;
  private static final Pattern RUNNING = Pattern.compile("\"runningBlocks\" *: *[1-9]");
  private static final Duration LIMIT = Duration.ofMinutes(2);

  @Test
  void aRebuildOutlivesThoseWhoDoIt(@TempDir Path dir) throws IOException {
    Random random = Seed.of(RebuildKillTest.class).random();
    try (LocalCluster cluster =
        LocalCluster.start(3, SERVERS, "rs-3-2", "--rebuild-rate", "4m", "--down-after", "30s")) {
      Corpus corpus = Corpus.make(dir.resolve("corpus"), random, 15, BYTES);
      cluster.run("put", "-r", corpus.root().toString(), "/corpus").mustSucceed();
      int lost = cluster.holder("/corpus/big", random.nextInt(5));
      int killed = 1 + (lost + random.nextInt(SERVERS - 1)) % SERVERS;
      System.out.println(
          "RebuildKillTest: destroys server-" + lost + "'s disk, kills server-" + killed);

      LocalCluster.deleteTree(cluster.disk(lost));
      awaitRebuild(cluster);
      cluster.kill("server-" + killed);
      awaitRebuild(cluster);
      cluster.kill(cluster.leader());
      cluster.run("get", "-r", "/corpus", dir.resolve("meanwhile").toString()).mustSucceed();
      corpus.mustEqual(dir.resolve("meanwhile"));

      cluster.up();
      cluster.awaitHealthy();
      cluster.run("get", "-r", "/corpus", dir.resolve("after").toString()).mustSucceed();
      corpus.mustEqual(dir.resolve("after"));
      Await.until("fsck is clean", LIMIT, () -> cluster.run("fsck", "--verify").exit() == 0);
    }
  }

  private static void awaitRebuild(LocalCluster cluster) {
    Await.until(
        "a rebuild is under way",
        LIMIT,
        () -> RUNNING.matcher(cluster.run("status", "--json").out()).find());
  }
}
