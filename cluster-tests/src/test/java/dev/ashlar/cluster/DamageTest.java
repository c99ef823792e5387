package dev.ashlar.cluster;

import dev.ashlar.torture.Await;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Bytes on a disk change behind the server's back: never wrong bytes, and all of it is repaired
 * (P3, P6). What is damaged holds data of a big file, so that a read meets some of the damage; what
 * none meets is found because of that.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DamageTest {
  private static final Duration REPAIR_LIMIT = Duration.ofMinutes(2);

  private final Random random = Seed.of(DamageTest.class).random();
  private LocalCluster cluster;
  private Corpus corpus;

  @BeforeAll
  void start(@TempDir Path dir) throws IOException {
    cluster = LocalCluster.start(1, 6, "rs-3-2");
    corpus = Corpus.make(dir.resolve("corpus"), random, 15, 25 << 20);
    cluster.run("put", "-r", corpus.root().toString(), "/corpus").mustSucceed();
  }

  @AfterAll
  void stop() throws IOException {
    cluster.close();
  }

  @Test
  void flippedBitsAreNeverReturnedAndAreRepaired(@TempDir Path dir) throws IOException {
    int victim = cluster.holder("/corpus/big", 0);
    flipBits(largestFile(cluster.disk(victim)), 60);
    staysTrue(dir);
    staysCleanOverARestart(victim);
  }

  @Test
  void aTruncatedSegmentIsRepaired(@TempDir Path dir) throws IOException {
    int victim = cluster.holder("/corpus/big", 1);
    Path segment = largestFile(cluster.disk(victim));
    try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
      file.setLength(file.length() / 2);
    }
    staysTrue(dir);
    staysCleanOverARestart(victim);
  }

  @Test
  void aDeletedSegmentIsRepaired(@TempDir Path dir) throws IOException {
    int victim = cluster.holder("/corpus/big", 2);
    Files.delete(largestFile(cluster.disk(victim)));
    cluster.kill("server-" + victim);
    cluster.up();
    staysTrue(dir);
  }

  /** On a small cluster with a scrub that is never far away. */
  @Test
  void damageThatNoReadMeetsIsFoundByTheScrub(@TempDir Path dir) throws IOException {
    try (LocalCluster scrubbed = LocalCluster.start(1, 3, "rs-2-1", "--scrub-period", "6s")) {
      Corpus files = Corpus.make(dir.resolve("files"), random, 5, 5 << 20);
      scrubbed.run("put", "-r", files.root().toString(), "/files").mustSucceed();
      flipBits(largestFile(scrubbed.disk(scrubbed.holder("/files/big", 2))), 60);
      becomesClean(scrubbed);
    }
  }

  /** What is left of the damage, in places that nothing needs, does no harm to recovery. */
  private void staysCleanOverARestart(int server) {
    cluster.kill("server-" + server);
    cluster.up();
    becomesClean(cluster);
  }

  /** Reads are right at once, and all is mended without a command. */
  private void staysTrue(Path dir) throws IOException {
    cluster.run("get", "-r", "/corpus", dir.resolve("at-once").toString()).mustSucceed();
    corpus.mustEqual(dir.resolve("at-once"));
    becomesClean(cluster);
    cluster.run("get", "-r", "/corpus", dir.resolve("healed").toString()).mustSucceed();
    corpus.mustEqual(dir.resolve("healed"));
  }

  private static void becomesClean(LocalCluster cluster) {
    Await.until(
        "all damage is repaired", REPAIR_LIMIT, () -> cluster.run("fsck", "--verify").exit() == 0);
    cluster.awaitHealthy();
    cluster.mustBeClean();
  }

  private void flipBits(Path path, int bits) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      for (int i = 0; i < bits; i++) {
        long at = (long) (random.nextDouble() * file.length());
        file.seek(at);
        int old = file.read();
        file.seek(at);
        file.write(old ^ 1 << random.nextInt(8));
      }
    }
  }

  private static Path largestFile(Path disk) throws IOException {
    try (Stream<Path> files = Files.walk(disk)) {
      List<Path> segments =
          files.filter(f -> Files.isRegularFile(f) && !f.toString().endsWith(".mdb")).toList();
      return segments.stream()
          .max(Comparator.comparingLong(f -> f.toFile().length()))
          .orElseThrow();
    }
  }
}
