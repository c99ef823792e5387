package dev.ashlar.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.ClientConfig;
import dev.ashlar.client.Repacker;
import dev.ashlar.torture.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Small files share chunks, survive what all files survive, and give their space back. */
class SmallFilesTest {
  private static final int FILES = 600;
  private static final Duration LIMIT = Duration.ofMinutes(2);

  @Test
  void manySmallFilesShareFewChunks(@TempDir Path dir) throws IOException {
    Random random = Seed.of(SmallFilesTest.class).random();
    Path tree = dir.resolve("tree");
    Files.createDirectories(tree.resolve("below"));
    for (int i = 0; i < FILES; i++) {
      byte[] content = new byte[random.nextInt(10) == 0 ? 0 : random.nextInt(12_000)];
      random.nextBytes(content);
      Files.write((i % 2 == 0 ? tree : tree.resolve("below")).resolve("f" + i), content);
    }
    try (LocalCluster cluster = LocalCluster.start(3, 7, "rs-3-2");
        AshlarFileSystem files = AshlarFileSystem.connect(ClientConfig.of(cluster.address()))) {
      cluster.run("put", "-r", tree.toString(), "/tree").mustSucceed();
      long chunks = files.status().redundancy().chunks();
      assertTrue(chunks < FILES / 5, "chunks of " + FILES + " files: " + chunks);
      cluster.run("stat", "/tree/f0").mustSucceed();
      same(cluster, tree, dir.resolve("first"));

      for (int i = 0; i < FILES; i++) {
        if (i % 4 != 0) {
          String name = (i % 2 == 0 ? "" : "below/") + "f" + i;
          Files.delete(tree.resolve(name));
          files.unlink(files.resolve(i % 2 == 0 ? "/tree" : "/tree/below").attr().inode(), "f" + i);
        }
      }
      long before = files.status().dataBytes();
      assertTrue(new Repacker(files, Duration.ZERO).round(() -> true) > 0);
      assertEquals(0, new Repacker(files, Duration.ZERO).round(() -> true), "once is enough");
      assertTrue(files.status().dataBytes() < before / 2);
      Await.until(
          "what was copied elsewhere is deleted",
          LIMIT,
          () ->
              cluster.run("fsck", "--verify").mustSucceed().exit() == 0
                  && files.status().rebuild().pendingDeletions() == 0);
      same(cluster, tree, dir.resolve("second"));

      cluster.kill("server-2");
      cluster.kill("server-5");
      same(cluster, tree, dir.resolve("third"));
    }
  }

  private static void same(LocalCluster cluster, Path tree, Path to) throws IOException {
    cluster.run("get", "-r", "/tree", to.toString()).mustSucceed();
    try (var all = Files.walk(tree)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        assertEquals(
            -1, Files.mismatch(file, to.resolve(tree.relativize(file).toString())), file::toString);
      }
    }
    try (var all = Files.walk(tree);
        var got = Files.walk(to)) {
      assertEquals(all.count(), got.count());
    }
  }
}
