package dev.ashlar.cluster;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
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
 * Bytes on a disk change behind the server's back: never wrong bytes, and what is found is repaired
 * (P3, P6).
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DamageTest {
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
    Path segment = largestFile(cluster.disk(1));
    try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
      for (int i = 0; i < 5; i++) {
        long at = (long) (random.nextDouble() * file.length());
        file.seek(at);
        int old = file.read();
        file.seek(at);
        file.write(old ^ 1 << random.nextInt(8));
      }
    }
    staysTrue(dir);
  }

  @Test
  void aTruncatedSegmentIsRepaired(@TempDir Path dir) throws IOException {
    Path segment = largestFile(cluster.disk(2));
    try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
      file.setLength(file.length() / 2);
    }
    staysTrue(dir);
  }

  @Test
  void aDeletedSegmentIsRepaired(@TempDir Path dir) throws IOException {
    Files.delete(largestFile(cluster.disk(3)));
    cluster.kill("server-3");
    cluster.up();
    staysTrue(dir);
  }

  /**
   * Reads are right at once, what they found is mended without a command; damage that no read meets
   * is the scrub's to find.
   */
  private void staysTrue(Path dir) throws IOException {
    cluster.run("get", "-r", "/corpus", dir.resolve("at-once").toString()).mustSucceed();
    corpus.mustEqual(dir.resolve("at-once"));
    cluster.awaitHealthy();
    cluster.run("get", "-r", "/corpus", dir.resolve("healed").toString()).mustSucceed();
    corpus.mustEqual(dir.resolve("healed"));
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
