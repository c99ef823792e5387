package dev.ashlar.cluster;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.torture.Await;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files of one process of a real cluster are damaged while it is down (P1, P3, P6): every read
 * stays right, nothing acknowledged is lost, all becomes whole by itself, the others are unharmed;
 * and a master that forgot something refuses to start, in words, and is replaced.
 */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SweepTest {
  private static final int SERVERS = 4;
  private static final Duration REPAIR_LIMIT = Duration.ofMinutes(2);

  private final Random random = Seed.of(SweepTest.class).random();
  private LocalCluster cluster;
  private Corpus corpus;
  private int writes;

  private enum Way {
    FLIP,
    ZERO_SECTOR,
    ZERO_TO_END,
    CUT,
    FOLDER,
    REMOVE
  }

  @BeforeAll
  void start(@TempDir Path dir) throws IOException {
    cluster = LocalCluster.start(3, SERVERS, "xor-2-1", "--down-after", "4s");
    corpus = Corpus.make(dir.resolve("corpus"), random, 8, 3 << 20);
    cluster.run("put", "-r", corpus.root().toString(), "/corpus").mustSucceed();
  }

  @AfterAll
  void stop() throws IOException {
    if (cluster != null) { // else it did not start, which says why
      cluster.close();
    }
  }

  @Test
  void aMasterThatForgotIsRefusedAndReplacedWhileAServerIsRepaired(@TempDir Path dir)
      throws IOException {
    int server = 1 + random.nextInt(SERVERS);
    String master = follower();
    Path log = openLog(master);
    cluster.kill(master);
    zeroUsedEnd(log);
    cluster.kill("server-" + server);
    damage(cluster.disk(server).resolve("index/data.mdb"), Way.ZERO_TO_END);
    damage(cluster.disk(server).resolve("log/00000001.seg"), Way.FLIP);
    refusedAndReplaced(master, dir);
    staysTrue(dir);
  }

  @Test
  void everyFileOfAServer(@TempDir Path dir) throws IOException {
    for (int round = 0; round < Integer.getInteger("ashlar.rounds", 1); round++) {
      for (Way way : Way.values()) {
        List<Path> files = files(cluster.disk(1));
        for (int i = 0; i < files.size(); i++) {
          int server = 1 + random.nextInt(SERVERS);
          List<Path> all = files(cluster.disk(server));
          Path file = all.get(Math.min(i, all.size() - 1));
          System.out.println("SweepTest: server-" + server + " " + file + " " + way);
          Map<Path, Long> others = others(server);
          cluster.kill("server-" + server);
          damage(file, way);
          startServer(server);
          staysTrue(dir.resolve(way + "-" + round + "-" + i));
          unharmed(others);
        }
      }
    }
  }

  /** All kinds of files, not all files: damage makes new masters, whose logs have ever more. */
  @Test
  void everyKindOfFileOfAMaster(@TempDir Path dir) throws IOException {
    for (int round = 0; round < Integer.getInteger("ashlar.rounds", 1); round++) {
      for (Way way : Way.values()) {
        cluster.run("masters", "snapshot").mustSucceed(); // the leader writes one
        SortedSet<String> kinds = new TreeSet<>(kinds(cluster.leader()).keySet());
        kinds.addAll(kinds(follower()).keySet());
        for (String kind : kinds) {
          cluster.run("masters", "snapshot").mustSucceed(); // another may lead, or be new
          String master = random.nextInt(3) == 0 ? cluster.leader() : follower();
          if (!kinds(master).containsKey(kind)) {
            master = cluster.leader();
          }
          List<Path> files = kinds(master).get(kind);
          if (files
              == null) { // a closed file of the log: masters that were replaced start with none
            System.out.println("SweepTest: " + master + " has no " + kind);
            continue;
          }
          Path file = files.get(random.nextInt(files.size()));
          System.out.println("SweepTest: " + master + " " + file + " " + way);
          cluster.kill(master);
          damage(file, way);
          Path at = dir.resolve(way + "-" + round + "-" + kind);
          Files.createDirectories(at);
          if (cluster.tryUp(List.of()).exit() != 0) {
            refusedAndReplaced(master, at);
          }
          staysTrue(at);
        }
      }
    }
  }

  /** Files of a master by name; those whose names differ in numbers only are of one kind. */
  private SortedMap<String, List<Path>> kinds(String master) throws IOException {
    SortedMap<String, List<Path>> kinds = new TreeMap<>();
    for (Path file : files(masterDir(master))) {
      String kind = file.getFileName().toString().replaceAll("[0-9]+", "N");
      kinds.computeIfAbsent(kind, _ -> new ArrayList<>()).add(file);
    }
    return kinds;
  }

  /** A server whose only disk cannot be opened ends; its place is taken by an empty disk. */
  private void startServer(int server) throws IOException {
    Shell.Result up = cluster.tryUp(List.of());
    if (up.exit() != 0) {
      assertTrue(up.err().contains("disk-1"), up.err());
      cluster.awaitHealthy();
      LocalCluster.deleteTree(cluster.disk(server));
      cluster.up();
    }
  }

  private void refusedAndReplaced(String master, Path dir) throws IOException {
    Shell.Result up = cluster.tryUp(List.of());
    assertTrue(up.exit() != 0, "It has forgotten something, and started");
    String log = Files.readString(cluster.dir().resolve("logs").resolve(master + ".log"));
    assertTrue(log.contains("masters replace " + master), () -> up.err() + log);
    assertTrue(!cluster.runs(master), "A master that refuses ends");
    write();
    readsBack(dir.resolve("meanwhile"));
    LocalCluster.deleteTree(masterDir(master));
    Await.until(
        "another master takes its place", REPAIR_LIMIT, () -> cluster.tryUp(List.of()).exit() == 0);
  }

  /** Reads are right at once, and all is mended without a command. */
  private void staysTrue(Path dir) throws IOException {
    readsBack(dir.resolve("at-once"));
    write();
    Await.until(
        "all damage is repaired", REPAIR_LIMIT, () -> cluster.run("fsck", "--verify").exit() == 0);
    cluster.awaitHealthy();
    cluster.mustBeClean();
    readsBack(dir.resolve("healed"));
    LocalCluster.deleteTree(dir.resolve("at-once"));
    LocalCluster.deleteTree(dir.resolve("healed"));
  }

  private void write() {
    String name = "/more-" + ++writes;
    cluster.run("put", corpus.root().resolve("big").toString(), name).mustSucceed();
  }

  /** Everything that was ever acknowledged. */
  private void readsBack(Path to) throws IOException {
    Files.createDirectories(to);
    Path files = to.resolve("corpus");
    cluster.run("get", "-r", "/corpus", files.toString()).mustSucceed();
    corpus.mustEqual(files);
    for (int i = Math.max(1, writes - 3); i <= writes; i++) {
      Path copy = to.resolve("more-" + i);
      cluster.run("get", "/more-" + i, copy.toString()).mustSucceed();
      assertTrue(Files.mismatch(corpus.root().resolve("big"), copy) < 0, "/more-" + i);
    }
    String names = cluster.run("ls", "/").mustSucceed().out();
    for (int i = 1; i <= writes; i++) {
      assertTrue(names.lines().toList().contains("more-" + i), "more-" + i + " is lost: " + names);
    }
  }

  private Map<Path, Long> others(int server) throws IOException {
    Map<Path, Long> found = new TreeMap<>();
    for (int s = 1; s <= SERVERS; s++) {
      if (s != server) {
        for (Path file : files(cluster.disk(s).resolve("log"))) {
          found.put(file, Files.size(file));
        }
      }
    }
    return found;
  }

  private static void unharmed(Map<Path, Long> others) throws IOException {
    for (Map.Entry<Path, Long> file : others.entrySet()) {
      assertTrue(Files.isRegularFile(file.getKey()), () -> file.getKey() + " is gone");
    }
  }

  private String follower() {
    String status = cluster.run("status", "--json").mustSucceed().out();
    String leader = cluster.leader();
    List<String> names = new ArrayList<>();
    java.util.regex.Matcher m =
        java.util.regex.Pattern.compile("\"name\" *: *\"(master-\\d+)\"").matcher(status);
    while (m.find()) {
      names.add(m.group(1));
    }
    names.remove(leader);
    Collections.shuffle(names, random);
    return names.getFirst();
  }

  private Path masterDir(String master) {
    return cluster.dir().resolve("masters").resolve(master);
  }

  private Path openLog(String master) throws IOException {
    return files(masterDir(master)).stream()
        .filter(f -> f.getFileName().toString().startsWith("log_inprogress"))
        .findFirst()
        .orElseThrow();
  }

  private static List<Path> files(Path dir) throws IOException {
    try (Stream<Path> all = Files.walk(dir)) {
      return all.filter(Files::isRegularFile).sorted().toList();
    }
  }

  /** The last entry reads as zeros, as if it had never been written. */
  private static void zeroUsedEnd(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int end = bytes.length;
    while (bytes[end - 1] == 0) {
      end--;
    }
    try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "rw")) {
      f.seek(end - 400);
      f.write(new byte[400]);
    }
  }

  private void damage(Path file, Way way) throws IOException {
    try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "rw")) {
      long size = f.length();
      long at = size == 0 ? 0 : random.nextLong(size);
      switch (way) {
        case FLIP -> {
          f.seek(at);
          int old = f.read();
          f.seek(at);
          f.write(old ^ 1 << random.nextInt(8));
        }
        case ZERO_SECTOR -> {
          f.seek(at / 512 * 512);
          f.write(new byte[(int) Math.min(512, size - at / 512 * 512)]);
        }
        case ZERO_TO_END -> {
          f.setLength(at);
          f.setLength(size);
        }
        case CUT -> f.setLength(at);
        case FOLDER, REMOVE -> {}
      }
    }
    if (way == Way.FOLDER || way == Way.REMOVE) {
      Files.delete(file);
    }
    if (way == Way.FOLDER) {
      Files.createDirectory(file);
    }
  }
}
