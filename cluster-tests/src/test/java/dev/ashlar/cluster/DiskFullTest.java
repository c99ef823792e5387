package dev.ashlar.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.torture.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Disks run full: first one, then all. What was accepted stays, what does not fit is refused in one
 * clear sentence, and deleting makes room (P7).
 */
class DiskFullTest {
  private static final int FILE_BYTES = 6 << 20;
  private static final int TOO_BIG_BYTES = 200 << 20;
  private static final int MOST_FILES = 60;
  private static final Duration LIMIT = Duration.ofMinutes(2);

  @Test
  void aFullClusterRefusesCleanlyAndRecovers(@TempDir Path dir) throws IOException {
    Random random = Seed.of(DiskFullTest.class).random();
    try (LocalCluster cluster = LocalCluster.start(1, 6, "rs-3-2")) {
      Corpus kept = Corpus.make(dir.resolve("kept"), random, 15, 20 << 20);
      cluster.run("put", "-r", kept.root().toString(), "/kept").mustSucceed();
      oneIsFull(cluster, kept, dir);

      cluster.down();
      cluster.up(List.of("--capacity", "56m"));
      cluster.awaitHealthy();
      Path file = dir.resolve("file");
      byte[] bytes = new byte[FILE_BYTES];
      random.nextBytes(bytes);
      Files.write(file, bytes);
      Path tooBig = dir.resolve("too-big");
      Files.write(tooBig, new byte[TOO_BIG_BYTES]);
      refused(cluster, cluster.run("put", tooBig.toString(), "/too-big"), "/too-big");
      Await.until(
          "what was written of it is collected",
          LIMIT,
          () -> cluster.run("put", file.toString(), "/first").exit() == 0);
      List<String> stored = fill(cluster, file);
      reads(cluster, "/kept", kept, dir.resolve("while-full"));
      for (String path : stored) {
        reads(cluster, path, file, dir.resolve("back"));
      }

      stored
          .subList(0, (stored.size() + 1) / 2)
          .forEach(path -> cluster.run("rm", path).mustSucceed());
      Await.until(
          "there is room again",
          LIMIT,
          () -> cluster.run("put", file.toString(), "/again").exit() == 0);
      reads(cluster, "/again", file, dir.resolve("back"));
      cluster.awaitHealthy();
      Await.until(
          "what was refused is collected",
          LIMIT,
          () -> cluster.run("fsck", "--verify").exit() == 0);
    }
  }

  /** One server has no room; the others have. */
  private static void oneIsFull(LocalCluster cluster, Corpus kept, Path dir) throws IOException {
    cluster.kill("server-1");
    cluster.up(List.of("--capacity", "1m"));
    Await.until(
        "the disk is full",
        LIMIT,
        () -> cluster.run("status", "--json").out().contains("\"full\""));
    reads(cluster, "/kept", kept, dir.resolve("one-full"));
    cluster.run("put", "-r", kept.root().toString(), "/more").mustSucceed();
    reads(cluster, "/more", kept, dir.resolve("more"));
    cluster.run("rm", "-r", "/more").mustSucceed();
  }

  /** Puts files until one does not fit; answers the others. */
  private static List<String> fill(LocalCluster cluster, Path file) {
    List<String> stored = new ArrayList<>();
    while (true) {
      String path = "/fill-" + stored.size();
      Shell.Result put = cluster.run("put", file.toString(), path);
      if (put.exit() != 0) {
        refused(cluster, put, path);
        return stored;
      }
      stored.add(path);
      assertTrue(stored.size() < MOST_FILES, "The disks are limited");
    }
  }

  private static void refused(LocalCluster cluster, Shell.Result put, String path) {
    assertEquals(1, put.exit(), put::err);
    List<String> sentences = put.err().lines().filter(l -> l.startsWith("ashlar put: ")).toList();
    assertEquals(1, sentences.size(), put::err);
    String said = sentences.getFirst();
    System.out.println("DiskFullTest: " + path + ": " + said);
    assertTrue(said.contains("add disks") && said.contains("delete files"), said);
    assertNotEquals(0, cluster.run("stat", path).exit());
    assertFalse(cluster.run("ls", "/").mustSucceed().out().contains(path.substring(1)));
  }

  private static void reads(LocalCluster cluster, String path, Corpus expected, Path to)
      throws IOException {
    cluster.run("get", "-r", path, to.toString()).mustSucceed();
    expected.mustEqual(to);
  }

  private static void reads(LocalCluster cluster, String path, Path expected, Path to)
      throws IOException {
    cluster.run("get", path, to.toString()).mustSucceed();
    assertEquals(-1, Files.mismatch(expected, to), path);
  }
}
