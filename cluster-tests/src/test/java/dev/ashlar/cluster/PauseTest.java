package dev.ashlar.cluster;

import java.io.IOException;
import java.nio.file.Path;
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
}
