package dev.ashlar.cluster.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ashlar.cluster.crash.MasterStates.State;
import dev.ashlar.master.server.MasterConfig.Peer;
import dev.ashlar.torture.faultfs.FaultFs;
import dev.ashlar.torture.faultfs.Recording;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
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
    Peer me = Ports.peer("m1");
    Recording recording = record(me);
    MasterStates states = new MasterStates(recording, random);
    assertEquals(List.of(), states.votesThatMayGo());
    List<State> all = new ArrayList<>();
    List<Integer> points = states.points();
    if (most < points.size()) {
      Collections.shuffle(points, random);
      points = points.subList(0, most);
      for (int point : points) {
        List<State> here = states.at(point, randoms);
        all.add(here.get(random.nextInt(here.size())));
      }
    }
    MasterCheck check =
        new MasterCheck(Files.createDirectory(dir.resolve("work")), "m1", me, model);
    int tried = 0;
    for (State s : all) {
      attempt(check, s);
      tried++;
    }
    if (all.isEmpty()) {
      for (int point : points) {
        for (State s : states.at(point, randoms)) {
          attempt(check, s);
          tried++;
        }
      }
    }
    System.out.printf(
        "crash points of a master, seed %d: %d changes, %d points, %d states%n",
        seed, recording.ops().size(), points.size(), tried);
  }

  private void attempt(MasterCheck check, State s) {
    try {
      check.run(s);
    } catch (AssertionError | IOException e) {
      throw new AssertionError("seed " + seed, e);
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
