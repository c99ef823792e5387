package dev.ashlar.master.raft;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.master.store.StoreException;
import dev.ashlar.protocol.AshlarException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The replicated log, its store and its traps, with real sockets and files. */
final class RatisReplicatorTest {
  @TempDir Path dir;

  private static RaftSettings small() {
    return new RaftSettings(
        Duration.ofMillis(600), Duration.ofMillis(1200), 100, 20, 64 << 10, true, 1L << 30, false);
  }

  @Test
  void manyCommandsAtOnceAreEachAnsweredInOrder() throws Exception {
    try (TestGroup g = new TestGroup(dir, 1, TestGroup.SETTINGS)) {
      RatisReplicator r = g.leader();
      List<CompletableFuture<byte[]>> all = new ArrayList<>();
      for (int i = 0; i < 3000; i++) {
        all.add(r.propose("x".getBytes(UTF_8)));
      }
      for (int i = 0; i < all.size(); i++) {
        assertEquals(Integer.toString(i + 1), new String(TestGroup.get(all.get(i)), UTF_8));
      }
      assertTrue(
          r.appliedIndex() < 1000, "3000 commands share entries, but took " + r.appliedIndex());
      TestGroup.get(r.readBarrier());
      assertEquals(3000, TestGroup.read(r, "x"));
    }
  }

  @Test
  void aCommandThatCannotFitIsRefused() throws Exception {
    try (TestGroup g = new TestGroup(dir, 1, TestGroup.SETTINGS)) {
      ExecutionException e =
          assertThrows(
              ExecutionException.class,
              () -> TestGroup.get(g.leader().propose(new byte[Grouper.MAX_COMMAND_BYTES + 1])));
      assertTrue(
          e.getCause() instanceof ReplicationException r
              && r.kind() == ReplicationException.Kind.REFUSED,
          String.valueOf(e.getCause()));
    }
  }

  @Test
  void theLargestCommandReachesAllAndIsThereAfterARestart() throws Exception {
    byte[] command = new byte[Grouper.MAX_COMMAND_BYTES];
    Arrays.fill(command, (byte) 'x');
    try (TestGroup g = new TestGroup(dir, 3, TestGroup.SETTINGS)) {
      assertEquals("1", new String(TestGroup.get(g.leader().propose(command)), UTF_8));
      for (String name : List.of("n1", "n2", "n3")) {
        g.stop(name);
        g.start(name);
      }
      assertEquals("2", new String(TestGroup.get(g.leader().propose(command)), UTF_8));
      assertEquals(List.of(), g.fatal);
    }
  }

  @Test
  void aRestartAppliesNothingTwice() throws Exception {
    try (TestGroup g = new TestGroup(dir, 1, TestGroup.SETTINGS)) {
      for (int i = 1; i <= 50; i++) {
        assertEquals(i, g.count("x"));
      }
      g.stop("n1");
      g.start("n1");
      assertEquals(51, g.count("x"));
      assertEquals(List.of(), g.fatal);
    }
  }

  @Test
  void aStoreThatCannotBeTrustedIsMadeAnewFromSnapshotAndLog() throws Exception {
    try (TestGroup g = new TestGroup(dir, 1, small())) {
      for (int i = 0; i < 300; i++) {
        g.count("x");
      }
      g.leader().snapshot();
      for (int i = 0; i < 40; i++) {
        g.count("x");
      }
      g.stop("n1");
      Files.writeString(g.dir("n1").resolve("live").resolve("boot"), "another boot");
      Files.write(g.dir("n1").resolve("live").resolve("data.mdb"), new byte[] {1, 2, 3});
      g.start("n1");
      assertEquals(341, g.count("x"));
      assertEquals(List.of(), g.fatal);
    }
  }

  @Test
  void aDamagedStoreIsMadeAnewAndADamagedSnapshotIsReplaced() throws Exception {
    try (TestGroup g = new TestGroup(dir, 1, small())) {
      for (int i = 0; i < 300; i++) {
        g.count("x");
      }
      g.leader().snapshot();
      g.stop("n1");
      Path snapshot = snapshot(g.dir("n1"));
      byte[] bytes = Files.readAllBytes(snapshot);
      bytes[bytes.length / 2] ^= 4;
      Files.write(snapshot, bytes);
      g.start("n1");
      assertEquals(301, g.count("x"), "A good store needs no snapshot");
      g.leader().snapshot();
      g.stop("n1");
      flipValue(g.dir("n1").resolve("live").resolve("data.mdb"), "301");
      g.start("n1");
      assertEquals(302, g.count("x"));
      assertEquals(List.of(), g.fatal);
      g.stop("n1");
      flipValue(g.dir("n1").resolve("live").resolve("data.mdb"), "302");
      Path newest = snapshot(g.dir("n1"));
      byte[] cut = Files.readAllBytes(newest);
      Files.write(newest, Arrays.copyOf(cut, cut.length / 2));
      try {
        g.start("n1");
        assertEquals(303, g.count("x"), "The log still has all");
      } catch (AshlarException e) {
        assertTrue(String.valueOf(e.getMessage()).contains("masters replace n1"), e.getMessage());
      }
    }
  }

  @Test
  void aStoreThatIsDamagedWhileItIsUsedStopsTheMaster() throws Exception {
    try (TestGroup g = new TestGroup(dir, 1, TestGroup.SETTINGS)) {
      for (int i = 0; i < 20; i++) {
        g.count("x");
      }
      assertTrue(damagedWhileRead(g), "The damage was never met");
      assertTrue(g.fatal.toString().contains("is damaged"), g.fatal.toString());
      g.stop("n1");
      g.start("n1");
      assertEquals(21, g.count("x"));
    }
  }

  /** A tick may copy the page between the look at the file and the damage: then once more. */
  private static boolean damagedWhileRead(TestGroup g) throws Exception {
    for (int i = 0; i < 50; i++) {
      flipValue(g.dir("n1").resolve("live").resolve("data.mdb"), "20");
      try {
        TestGroup.read(g.get("n1"), "x");
      } catch (StoreException e) {
        return true;
      }
    }
    return false;
  }

  private static Path snapshot(Path dir) throws IOException {
    try (Stream<Path> files = Files.walk(dir.resolve("raft"))) {
      return files
          .filter(p -> String.valueOf(p.getFileName()).matches("snapshot\\.\\d+_\\d+"))
          .max(java.util.Comparator.comparingLong(p -> p.toFile().lastModified()))
          .orElseThrow();
    }
  }

  /** Changes the value of counter x wherever it is this one. */
  private static void flipValue(Path file, String value) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    byte[] wanted = ("x" + value).getBytes(UTF_8);
    boolean found = false;
    try (FileChannel f = FileChannel.open(file, StandardOpenOption.WRITE)) {
      for (int at = 0; at + wanted.length <= bytes.length; at++) {
        if (java.util.Arrays.equals(bytes, at, at + wanted.length, wanted, 0, wanted.length)) {
          f.write(ByteBuffer.wrap(new byte[] {'7'}), at + 1);
          found = true;
        }
      }
    }
    assertTrue(found, "The value is not in " + file);
  }

  @Test
  void aBugWhileApplyingStopsTheMasterAndAnswersNobody() throws Exception {
    try (TestGroup g = new TestGroup(dir, 1, TestGroup.SETTINGS)) {
      g.count("x");
      RatisReplicator r = g.leader();
      CompletableFuture<byte[]> bug = r.propose("bug".getBytes(UTF_8));
      TestGroup.await("the fatal handler", () -> !g.fatal.isEmpty());
      CompletableFuture<byte[]> after = r.propose("x".getBytes(UTF_8));
      assertFalse(bug.isDone());
      g.stop("n1");
      assertThrows(ExecutionException.class, () -> TestGroup.get(bug));
      assertThrows(ExecutionException.class, () -> TestGroup.get(after));
    }
  }

  @Test
  void aTornEndOfTheLogIsRefusedInWords() throws Exception {
    try (TestGroup g = new TestGroup(dir, 1, TestGroup.SETTINGS)) {
      for (int i = 0; i < 20; i++) {
        g.count("x");
      }
      g.stop("n1");
      tear(openSegment(g.dir("n1")));
      AshlarException e = assertThrows(AshlarException.class, () -> g.start("n1"));
      assertTrue(String.valueOf(e.getMessage()).contains("masters replace n1"), e.getMessage());
    }
  }

  @Test
  void aLogShorterThanPromisedIsRefusedInWords() throws Exception {
    try (TestGroup g = new TestGroup(dir, 1, TestGroup.SETTINGS)) {
      for (int i = 0; i < 20; i++) {
        g.count("x");
      }
      g.stop("n1");
      try (FileChannel f = FileChannel.open(openSegment(g.dir("n1")), StandardOpenOption.WRITE)) {
        f.truncate(200);
      }
      AshlarException e = assertThrows(AshlarException.class, () -> g.start("n1"));
      assertTrue(
          String.valueOf(e.getMessage()).contains("had promised to have everything up to"),
          e.getMessage());
    }
  }

  private static Path openSegment(Path dir) throws IOException {
    try (Stream<Path> files = Files.walk(dir.resolve("raft"))) {
      return files
          .filter(p -> String.valueOf(p.getFileName()).startsWith("log_"))
          .sorted()
          .reduce((a, b) -> b)
          .orElseThrow();
    }
  }

  /** Half of the last entry never reached the disk. */
  private static void tear(Path segment) throws IOException {
    byte[] bytes = Files.readAllBytes(segment);
    int end = bytes.length;
    while (end > 0 && bytes[end - 1] == 0) {
      end--;
    }
    try (FileChannel f = FileChannel.open(segment, StandardOpenOption.WRITE)) {
      f.write(ByteBuffer.allocate(bytes.length - end + 12), end - 12);
    }
  }

  @Test
  void aPortInUseIsSaidInWords() throws Exception {
    try (ServerSocket taken = new ServerSocket()) {
      taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      String address = "127.0.0.1:" + taken.getLocalPort();
      AshlarException e =
          assertThrows(
              AshlarException.class,
              () ->
                  StartFailure.checkPort(
                      "m1",
                      new InetSocketAddress(
                          InetAddress.getLoopbackAddress(), taken.getLocalPort())));
      assertTrue(
          String.valueOf(e.getMessage()).contains(address.substring(address.indexOf(':'))),
          e.getMessage());
    }
  }

  @Test
  void threeAgreeOverTheLossOfALeader() throws Exception {
    try (TestGroup g = new TestGroup(dir, 3, TestGroup.SETTINGS)) {
      for (int i = 0; i < 30; i++) {
        g.count("x");
      }
      String dead = g.leaderName();
      g.stop(dead);
      int seen = g.count("x");
      assertTrue(seen >= 31, "Nothing acknowledged is lost: " + seen);
      RatisReplicator leader = g.leader();
      TestGroup.get(leader.readBarrier());
      assertEquals(seen, TestGroup.read(leader, "x"));
      RatisReplicator back = g.start(dead);
      TestGroup.await("the returned one to catch up", () -> TestGroup.read(back, "x") >= seen);
      assertEquals(List.of(), g.fatal);
    }
  }

  @Test
  void aFollowerThatIsFarBehindTakesASnapshot() throws Exception {
    try (TestGroup g = new TestGroup(dir, 3, small())) {
      g.count("x");
      String away = g.followerName();
      g.stop(away);
      for (int i = 0; i < 400; i++) {
        g.count("x");
      }
      RatisReplicator leader = g.leader();
      leader.snapshot();
      for (int i = 0; i < 30; i++) {
        g.count("x");
      }
      leader.snapshot();
      RatisReplicator back = g.start(away);
      TestGroup.await("the follower to catch up", () -> TestGroup.read(back, "x") == 431);
      g.stop(away);
      RatisReplicator again = g.start(away);
      TestGroup.await(
          "the follower to be there after another start", () -> TestGroup.read(again, "x") == 431);
      assertEquals(List.of(), g.fatal);
    }
  }

  @Test
  void aFollowersBarrierAndProposalAreRefused() throws Exception {
    try (TestGroup g = new TestGroup(dir, 3, TestGroup.SETTINGS)) {
      RatisReplicator follower = g.get(g.followerName());
      ExecutionException e =
          assertThrows(ExecutionException.class, () -> TestGroup.get(follower.readBarrier()));
      assertTrue(
          e.getCause() instanceof ReplicationException r
              && r.kind() == ReplicationException.Kind.NOT_LEADER,
          String.valueOf(e.getCause()));
    }
  }

  @Test
  void leadershipMovesOnRequest() throws Exception {
    try (TestGroup g = new TestGroup(dir, 3, TestGroup.SETTINGS)) {
      g.count("x");
      String heir = g.followerName();
      g.leader().transfer(heir);
      TestGroup.await("the heir to lead", () -> g.get(heir).isLeader());
      assertTrue(g.count("x") >= 2);
    }
  }
}
