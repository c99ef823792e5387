package dev.ashlar.cluster.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ashlar.master.server.MasterConfig.Peer;
import dev.ashlar.torture.faultfs.FaultFs;
import dev.ashlar.torture.faultfs.PowerCut;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three masters, of which one loses power again and again; then another one is killed, so that the
 * first is needed for every decision. {@code -Dashlar.rounds=N} is how often.
 */
@Tag("slow")
final class MasterPowerCutTest {
  @TempDir Path dir;
  private final long seed = Long.getLong("ashlar.seed", System.nanoTime() % 1_000_000);
  private final Random random = new Random(seed);
  private final Map<String, MasterProgram> running = new HashMap<>();
  private List<Peer> peers = List.of();

  @AfterEach
  void end() {
    running.values().forEach(MasterProgram::close);
  }

  private void start(String name, Path root) throws Exception {
    running.put(
        name, MasterProgram.start(name, root.resolve(name), peers, dir.resolve(name + ".log")));
  }

  private void kill(String name) {
    MasterProgram p = running.remove(name);
    assertTrue(p != null && p.runs(), name + " does not run any more");
    p.close();
  }

  @Test
  void whatWasAcknowledgedOutlivesPowerCutsOfOneMaster() throws Exception {
    Optional<String> whyNot = FaultFs.whyNot();
    assumeTrue(whyNot.isEmpty(), () -> "skipped: " + whyNot.orElse(""));
    System.out.println("MasterPowerCutTest: seed " + seed);
    peers = List.of(Ports.peer("m1"), Ports.peer("m2"), Ports.peer("m3"));
    NameModel model = new NameModel(random);
    Path plain = Files.createDirectory(dir.resolve("plain"));
    try (FaultFs fs =
            FaultFs.mount(Files.createDirectory(dir.resolve("lower")), dir.resolve("mount"));
        NameClient client = new NameClient(peers.stream().map(Peer::clientAddress).toList())) {
      fs.startRecording();
      start("m1", plain);
      start("m2", fs.mountPoint());
      start("m3", plain);
      for (int round = 0; round < Integer.getInteger("ashlar.rounds", 6); round++) {
        work(model, client, 8);
        kill("m2");
        assertEquals(
            List.of(), new MasterStates(fs.stopRecording(), random).votesThatMayGo(), "votes");
        fs.powerCut(random.nextInt(3) == 0 ? PowerCut.LOSE_ALL : PowerCut.LOSE_SOME, random);
        Reboot.pretend(fs.lower().resolve("m2"));
        if (round % 2 == 0) {
          work(model, client, 4);
        }
        fs.powerOn();
        fs.startRecording();
        start("m2", fs.mountPoint());
        String other = random.nextBoolean() ? "m1" : "m3";
        kill(other);
        work(model, client, 4);
        start(other, plain);
        work(model, client, 2);
      }
      System.out.println("MasterPowerCutTest: " + model.steps().size() + " commands");
    } catch (Exception | AssertionError e) {
      throw new AssertionError("seed " + seed + "\n" + Files.readString(dir.resolve("m2.log")), e);
    }
  }

  private static void work(NameModel model, NameClient client, int commands) throws Exception {
    for (int i = 0; i < commands; i++) {
      var _ = model.step(client, () -> 0);
    }
    assertEquals(model.after(model.steps().size()), client.names());
  }
}
