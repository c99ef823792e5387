package dev.ashlar.cluster.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ashlar.cluster.crash.MasterStates.State;
import dev.ashlar.master.server.MasterConfig.Peer;
import dev.ashlar.torture.faultfs.FaultFs;
import dev.ashlar.torture.faultfs.Recording;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Records everything that a master's process does to its directory while names are made, changed,
 * renamed and deleted, while it writes a snapshot, is killed and started again, and starts a master
 * on what a crash at each point of it may leave. {@code -Dashlar.seed=N} makes the same choices
 * again; {@code -Dashlar.rounds=N} is the number of random states at each point of the long form.
 */
final class MasterCrashTest {
  private static final int COMMANDS = 14;

  /** Masters that start side by side: each mostly waits to become leader. */
  private static final int AT_A_TIME = 4;

  @TempDir Path dir;
  private final long seed = Long.getLong("ashlar.seed", System.nanoTime() % 1_000_000);
  private final Random random = new Random(seed);
  private final NameModel model = new NameModel(random);

  @Test
  void someCrashes() throws Exception {
    run(10, 1);
  }

  @Tag("slow")
  @Test
  void crashesAtEveryPoint() throws Exception {
    run(Integer.MAX_VALUE, Integer.getInteger("ashlar.rounds", 3));
  }

  private void run(int most, int randoms) throws Exception {
    Optional<String> whyNot = FaultFs.whyNot();
    assumeTrue(whyNot.isEmpty(), () -> "skipped: " + whyNot.orElse(""));
    Recording recording = record(Ports.peer("m1"));
    MasterStates states = new MasterStates(recording, random);
    assertEquals(List.of(), states.votesThatMayGo());
    List<Integer> points = states.points();
    boolean some = most < points.size();
    if (some) {
      Collections.shuffle(points, random);
      points = points.subList(0, most);
    }
    BlockingQueue<MasterCheck> idle = new ArrayBlockingQueue<>(AT_A_TIME);
    Set<String> seen = ConcurrentHashMap.newKeySet();
    for (int i = 0; i < AT_A_TIME; i++) {
      Path work = Files.createDirectories(dir.resolve("work").resolve("" + i));
      idle.add(new MasterCheck(work, Ports.peer("m1"), model, seen));
    }
    Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    int tried = 0;
    try (ExecutorService pool =
        Executors.newFixedThreadPool(
            AT_A_TIME, Thread.ofPlatform().name("crash-check-", 0).factory())) {
      for (int point : points) {
        List<State> here = states.at(point, randoms);
        for (State s : some ? List.of(here.get(random.nextInt(here.size()))) : here) {
          MasterCheck check = idle.take(); // each ends: all it waits for has a limit
          if (!failures.isEmpty()) {
            break;
          }
          tried++;
          pool.execute(() -> attempt(check, s, failures, idle));
        }
        if (!failures.isEmpty()) {
          break;
        }
      }
    }
    if (!failures.isEmpty()) {
      throw new AssertionError("seed " + seed, failures.peek());
    }
    System.out.printf(
        "crash points of a master, seed %d: %d changes, %d points, %d states, %d of them different%n",
        seed, recording.ops().size(), points.size(), tried, seen.size());
  }

  private static void attempt(
      MasterCheck check, State s, Queue<Throwable> failures, Queue<MasterCheck> idle) {
    try {
      check.run(s);
    } catch (Throwable e) { // thrown by the test's own thread
      failures.add(e);
    } finally {
      idle.add(check);
    }
  }

  private Recording record(Peer me) throws Exception {
    Path log = dir.resolve("log");
    try (FaultFs fs =
        FaultFs.mount(Files.createDirectory(dir.resolve("lower")), dir.resolve("mount"))) {
      fs.startRecording();
      NameModel.Clock clock = () -> fs.recorded().ops().size();
      Path own = fs.mountPoint().resolve("m1");
      try (NameClient client = new NameClient(List.of(me.clientAddress()))) {
        try (MasterProgram _ = MasterProgram.start("m1", own, List.of(me), log)) {
          steps(client, clock, COMMANDS);
          var _ = client.administer("snapshot");
          steps(client, clock, 2);
        }
        try (MasterProgram _ = MasterProgram.start("m1", own, List.of(me), log)) {
          steps(client, clock, 3);
          var _ = client.administer("snapshot");
          steps(client, clock, 2);
        }
      } catch (Exception | AssertionError e) {
        throw new AssertionError("seed " + seed + "\n" + Files.readString(log), e);
      }
      return fs.stopRecording();
    }
  }

  private void steps(NameClient client, NameModel.Clock clock, int count) throws Exception {
    for (int i = 0; i < count; i++) {
      var _ = model.step(client, clock);
    }
  }
}
