package dev.ashlar.cluster.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ashlar.master.server.MasterConfig.Peer;
import dev.ashlar.torture.Await;
import dev.ashlar.torture.faultfs.Fault;
import dev.ashlar.torture.faultfs.FaultFs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A master whose log could not be synced: it ends, and the system has pages of the log that read
 * well and are not on media. What the next process reads of them must be on media before it counts.
 */
final class MasterSyncErrorTest {
  @TempDir Path dir;
  private final long seed = Long.getLong("ashlar.seed", System.nanoTime() % 1_000_000);
  private List<Peer> peers = List.of();

  @Test
  void whatWasReadAfterAFailedSyncIsThereWhenTheCacheIsGone() throws Exception {
    failedSync(false);
  }

  /** Nobody was told of it, and nobody counts on it: the master goes on without it. */
  @Test
  void whatCouldNotBeSyncedWasNotPromised() throws Exception {
    failedSync(true);
  }

  /**
   * @param forgotten whether the system has forgotten what is not on media before the next process
   *     reads it
   */
  private void failedSync(boolean forgotten) throws Exception {
    Optional<String> whyNot = FaultFs.whyNot();
    assumeTrue(whyNot.isEmpty(), () -> "skipped: " + whyNot.orElse(""));
    System.out.println("MasterSyncErrorTest: seed " + seed);
    peers = List.of(Ports.peer("m1"));
    NameModel model = new NameModel(new Random(seed));
    try (FaultFs fs =
            FaultFs.mount(Files.createDirectory(dir.resolve("lower")), dir.resolve("mount"));
        NameClient client = new NameClient(List.of(peers.getFirst().clientAddress()))) {
      try (MasterProgram _ = start(fs)) {
        work(model, client);
      }
      try (MasterProgram master = start(fs)) { // reads its log, so that the system has its pages
        work(model, client);
        fs.inject(
            Fault.errors(Fault.Action.SYNC).at(file -> file.contains("log_inprogress")).times(1));
        FutureTask<?> command = new FutureTask<>(() -> model.step(client, () -> 0));
        Thread.ofPlatform().name("command").start(command);
        Await.until(
            "the master ends whose log cannot be synced",
            Duration.ofMinutes(1),
            () -> !master.runs());
        if (forgotten) {
          fs.dropCaches();
        }
        try (MasterProgram _ = start(fs)) {
          var _ = command.get(); // sent until it is decided, by whichever process
          work(model, client);
        }
      }
      fs.dropCaches();
      try (MasterProgram _ = start(fs)) {
        work(model, client);
      }
    } catch (Exception | AssertionError e) {
      throw new AssertionError("seed " + seed + "\n" + Files.readString(dir.resolve("log")), e);
    }
  }

  private MasterProgram start(FaultFs fs) throws Exception {
    return MasterProgram.start("m1", fs.mountPoint(), peers, dir.resolve("log"));
  }

  private static void work(NameModel model, NameClient client) throws Exception {
    for (int i = 0; i < 4; i++) {
      var _ = model.step(client, () -> 0);
    }
    assertEquals(model.after(model.steps().size()), client.names());
  }
}
