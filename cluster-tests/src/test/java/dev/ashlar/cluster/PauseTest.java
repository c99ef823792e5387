package dev.ashlar.cluster;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server that stands still for a while must neither stop the others nor do harm when it comes
 * back (P2, P5).
 */
class PauseTest {
  @Test
  void readsAndWritesGoOnWhileAServerIsStopped(@TempDir Path dir) throws IOException {
    Seed seed = Seed.of(PauseTest.class);
    try (LocalCluster cluster = LocalCluster.start(1, 6, "rs-3-2")) {
      Corpus first = Corpus.make(dir.resolve("first"), seed.random(), 20, 20 << 20);
      cluster.run("put", "-r", first.root().toString(), "/first").mustSucceed();
      cluster.signal("server-2", "STOP");
      cluster.run("get", "-r", "/first", dir.resolve("while-stopped").toString()).mustSucceed();
      first.mustEqual(dir.resolve("while-stopped"));
      Corpus second = Corpus.make(dir.resolve("second"), seed.random(), 20, 20 << 20);
      cluster.run("put", "-r", second.root().toString(), "/second").mustSucceed();
      cluster.run("rm", "-r", "/first").mustSucceed();
      cluster.signal("server-2", "CONT");
      cluster.awaitHealthy();
      cluster.run("get", "-r", "/second", dir.resolve("after").toString()).mustSucceed();
      second.mustEqual(dir.resolve("after"));
      cluster.mustBeClean();
    }
  }

  /**
   * A machine that is moved to another host may stand still for minutes, all masters of a site with
   * it. When it goes on, so must they: the Raft library would end them after one minute.
   */
  @Test
  @Tag("slow")
  void mastersGoOnAfterAllOfThemStoodStill(@TempDir Path dir) throws Exception {
    Seed seed = Seed.of(PauseTest.class);
    List<String> masters = List.of("master-1", "master-2", "master-3");
    try (LocalCluster cluster = LocalCluster.start(3, 3, "rs-2-1")) {
      Corpus corpus = Corpus.make(dir.resolve("first"), seed.random(), 5, 1 << 20);
      cluster.run("put", "-r", corpus.root().toString(), "/first").mustSucceed();
      masters.forEach(m -> cluster.signal(m, "STOP"));
      Thread.sleep(Duration.ofSeconds(75)); // what is tested is that this takes so long
      masters.forEach(m -> cluster.signal(m, "CONT"));
      cluster.awaitHealthy();
      cluster.run("put", "-r", corpus.root().toString(), "/second").mustSucceed();
      masters.forEach(m -> assertTrue(cluster.runs(m), m));
      cluster.mustBeClean();
    }
  }
}
