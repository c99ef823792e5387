package dev.ashlar.cluster.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ashlar.chunkserver.store.DiskStore;
import dev.ashlar.cluster.crash.MasterStates.State;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import dev.ashlar.torture.faultfs.FaultFs;
import dev.ashlar.torture.faultfs.Recording;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Records everything that a disk's process does to its directory while it is formatted, adopted,
 * filled and emptied, and opens what a crash at each point may leave: with the real files, the real
 * index and the identity. {@code -Dashlar.seed=N} makes the same choices again.
 */
final class DiskCrashTest {
  private static final long CLUSTER = 4711;

  /** What was asked and answered. */
  private record Step(String line, int asked, int answered) {}

  @TempDir Path dir;
  private final long seed = Long.getLong("ashlar.seed", System.nanoTime() % 1_000_000);
  private final Random random = new Random(seed);
  private final List<Step> steps = new ArrayList<>();
  private long disk;

  @BeforeAll
  static void quiet() {
    java.util.logging.Logger.getLogger("dev.ashlar").setLevel(java.util.logging.Level.OFF);
  }

  @AfterAll
  static void loud() {
    java.util.logging.Logger.getLogger("dev.ashlar").setLevel(null);
  }

  @Test
  void someCrashes() throws Exception {
    run(100, 1);
  }

  @Tag("slow")
  @Test
  void crashesAtEveryPoint() throws Exception {
    run(Integer.MAX_VALUE, 4 * Integer.getInteger("ashlar.rounds", 3));
  }

  private void run(int most, int randoms) throws Exception {
    Optional<String> whyNot = FaultFs.whyNot();
    assumeTrue(whyNot.isEmpty(), () -> "skipped: " + whyNot.orElse(""));
    Recording recording = record();
    MasterStates states = new MasterStates(recording, random);
    List<Integer> points = states.points();
    Collections.shuffle(points, random);
    int tried = 0;
    for (int point : points.subList(0, Math.min(most, points.size()))) {
      List<State> here = states.at(point, randoms);
      for (State s : most < points.size() ? one(here) : here) {
        check(s);
        tried++;
      }
    }
    System.out.printf(
        "crash points of a disk, seed %d: %d changes, %d points, %d states%n",
        seed, recording.ops().size(), Math.min(most, points.size()), tried);
  }

  private List<State> one(List<State> here) {
    return List.of(here.get(random.nextInt(here.size())));
  }

  private Recording record() throws Exception {
    try (FaultFs fs =
        FaultFs.mount(Files.createDirectory(dir.resolve("lower")), dir.resolve("mount"))) {
      fs.startRecording();
      List<String> lines = new ArrayList<>(List.of("open", "put 1 70000", "adopt " + CLUSTER));
      for (int i = 2; i < 14; i++) {
        lines.add("put " + i + " " + (1 + random.nextInt(120_000)));
        if (i % 3 == 0) {
          lines.add("delete " + (i - 1));
        }
        if (i % 5 == 0) {
          lines.add("open");
        }
      }
      tell(fs, lines);
      return fs.stopRecording();
    }
  }

  private void tell(FaultFs fs, List<String> lines) throws Exception {
    Process process = null;
    try {
      for (String line : lines) {
        int asked = fs.recorded().ops().size();
        if (line.equals("open")) {
          if (process != null) {
            end(process);
          }
          process = start(fs.mountPoint().resolve("disk"));
        } else if (process != null) {
          BufferedWriter out = process.outputWriter();
          out.write(line + "\n");
          out.flush();
        }
        String answer = process == null ? "" : answer(process);
        if (answer.startsWith("disk ")) {
          long id = Long.parseLong(answer.substring(5));
          assertTrue(disk == 0 || disk == id);
          disk = id;
        } else {
          assertEquals("done", answer, line);
        }
        steps.add(new Step(line, asked, fs.recorded().ops().size()));
      }
    } finally {
      if (process != null) {
        end(process);
      }
    }
  }

  private static String answer(Process process) throws IOException {
    BufferedReader in = process.inputReader();
    return String.valueOf(in.readLine());
  }

  /** By SIGKILL. */
  private static void end(Process process) throws InterruptedException {
    process.destroyForcibly();
    assertTrue(process.waitFor(30, TimeUnit.SECONDS));
  }

  private static Process start(Path directory) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(MasterProgram.JVM);
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            DiskProgram.class.getName(),
            directory.toString()));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
  }

  private void check(State s) throws IOException {
    Path root = dir.resolve("state");
    s.recording().materialise(s.recording().ops().size(), s.kept(), root);
    Path directory = root.resolve("disk");
    if (s.power()) {
      Files.deleteIfExists(directory.resolve("index").resolve("boot"));
    }
    try {
      Map<BlockKey, Integer> first = judge(s, directory);
      assertEquals(first, judge(s, directory), "after another start");
    } catch (AssertionError | IOException | RuntimeException e) {
      throw new AssertionError("seed " + seed + ", " + s.name() + " at point " + s.point(), e);
    } finally {
      MasterCheck.delete(root);
    }
  }

  private Map<BlockKey, Integer> judge(State s, Path directory) throws IOException {
    Map<BlockKey, Integer> wanted = new HashMap<>();
    Map<BlockKey, Integer> possible = new HashMap<>();
    boolean formatted = false;
    boolean adopted = false;
    for (Step step : steps) {
      boolean answered = step.answered <= s.point();
      boolean asked = step.asked <= s.point();
      String[] words = step.line.split(" ", -1);
      formatted |= answered;
      if (words[0].equals("adopt")) {
        adopted |= answered;
      } else if (words[0].equals("put") && asked) {
        long chunk = Long.parseLong(words[1]);
        int sum = DiskProgram.root(chunk, Integer.parseInt(words[2]));
        possible.put(DiskProgram.key(chunk), sum);
        if (answered) {
          wanted.put(DiskProgram.key(chunk), sum);
        }
      } else if (words[0].equals("delete") && asked) {
        BlockKey key = DiskProgram.key(Long.parseLong(words[1]));
        wanted.remove(key);
        if (answered) {
          possible.remove(key);
        }
      }
    }
    Map<BlockKey, Integer> found = new HashMap<>();
    try (DiskStore store = DiskStore.open(directory, DiskProgram.OPTIONS)) {
      for (BlockEntry e : store.list(null, 10_000).blocks()) {
        found.put(e.block(), e.root());
      }
      assertTrue(possible.entrySet().containsAll(found.entrySet()), () -> "found " + found);
      assertTrue(found.entrySet().containsAll(wanted.entrySet()), () -> "found " + found);
      assertEquals(List.of(), store.verify(List.copyOf(found.keySet())));
      assertEquals(List.of(), store.takeBad());
      assertTrue(!formatted || store.diskId() == disk, "another disk");
      assertTrue(!adopted || store.clusterId() == CLUSTER, "another cluster");
    }
    return found;
  }
}
