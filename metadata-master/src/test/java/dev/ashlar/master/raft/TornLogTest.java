package dev.ashlar.master.raft;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A lone master whose machine lost power while it wrote its log. */
final class TornLogTest {
  private static final int SECTOR = 512;

  @TempDir Path root;

  /** The master's directory when everything in it was synced. */
  private final Map<Path, byte[]> synced = new HashMap<>();

  @Test
  void aLoneMasterStartsAfterATornWriteWithAllThatItAcknowledged() throws Exception {
    try (TestGroup g = new TestGroup(root, 1, TestGroup.SETTINGS)) {
      for (int i = 1; i <= 5; i++) {
        assertEquals(i, g.count("a"));
      }
      keep(g.dir("n1"));
      Path log = openLog(g);
      byte[] before = synced.getOrDefault(log, new byte[0]);
      List<CompletableFuture<byte[]>> some = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        some.add(g.leader().propose((i + "b".repeat(490)).getBytes(UTF_8)));
      }
      for (CompletableFuture<byte[]> one : some) {
        assertEquals("1", new String(TestGroup.get(one), UTF_8));
      }
      byte[] after = Files.readAllBytes(log);
      g.stop("n1");
      int first = 0;
      while (before[first] == after[first]) {
        first++;
      }
      for (int lost : new int[] {0, 1, 3}) {
        byte[] left = after.clone();
        int from = (first / SECTOR + lost) * SECTOR;
        System.arraycopy(before, from, left, from, SECTOR);
        afterPowerCut(g.dir("n1"), log, left);
        g.start("n1");
        assertEquals(6, g.count("a"), "Without the sector " + lost);
        g.stop("n1");
      }
      assertEquals(List.of(), g.fatal);
    }
  }

  @Test
  void aMasterWhoseLogIsDamagedIsRefused() throws Exception {
    try (TestGroup g = new TestGroup(root, 1, TestGroup.SETTINGS)) {
      for (int i = 1; i <= 20; i++) {
        assertEquals(i, g.count("a"));
      }
      keep(g.dir("n1"));
      Path log = openLog(g);
      g.stop("n1");
      byte[] bytes = synced.getOrDefault(log, new byte[0]).clone();
      int end = bytes.length;
      while (bytes[end - 1] == 0) {
        end--;
      }
      bytes[end * 3 / 4] ^= 4; // in one of the entries that were acknowledged
      afterPowerCut(g.dir("n1"), log, bytes);
      AshlarException e = assertThrows(AshlarException.class, () -> g.start("n1"));
      assertEquals(ErrorCode.CORRUPT, e.code(), e.getMessage());
      assertArrayEquals(bytes, Files.readAllBytes(log), "Nothing was changed");
    }
  }

  @Test
  void aMasterWhoseFirstStartWasInterruptedStarts() throws Exception {
    try (TestGroup g = new TestGroup(root, 1, TestGroup.SETTINGS)) {
      assertEquals(1, g.count("a"));
      Path current = openLog(g).resolveSibling(".").normalize();
      g.stop("n1");
      try (Stream<Path> files = Files.walk(g.dir("n1"))) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          Files.delete(file);
        }
      }
      Files.writeString(current.resolve("raft-meta.tmp"), "term=");
      g.start("n1");
      assertEquals(1, g.count("a"));
    }
  }

  private static Path openLog(TestGroup g) throws IOException {
    try (Stream<Path> files = Files.walk(g.dir("n1"))) {
      return files
          .filter(f -> String.valueOf(f.getFileName()).startsWith("log_inprogress"))
          .findFirst()
          .orElseThrow();
    }
  }

  private void keep(Path dir) throws IOException {
    try (Stream<Path> files = Files.walk(dir)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        synced.put(file, Files.readAllBytes(file));
      }
    }
  }

  /** As the next start finds it, on a machine that was started again. */
  private void afterPowerCut(Path dir, Path log, byte[] left) throws IOException {
    try (Stream<Path> files = Files.walk(dir)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.delete(file);
      }
    }
    for (Map.Entry<Path, byte[]> e : synced.entrySet()) {
      Files.write(e.getKey(), e.getValue());
    }
    Files.write(log, left);
    StartSweepTest.forgetBoot(dir);
  }
}
