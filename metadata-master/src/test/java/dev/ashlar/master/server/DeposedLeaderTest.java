package dev.ashlar.master.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ashlar.master.server.MasterConfig.Peer;
import dev.ashlar.master.state.LogCommand;
import dev.ashlar.master.store.MemoryStore;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.RealWorld;
import dev.ashlar.protocol.message.Command;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What a leader says after others elected a new one, when it does not know that yet. */
final class DeposedLeaderTest {
  private final MemoryStore store = new MemoryStore();
  private boolean deposed;

  private final LocalReplicator log =
      new LocalReplicator(store, 1_000_000_000L) {
        @Override
        public CompletableFuture<Void> readBarrier() {
          return deposed
              ? CompletableFuture.failedFuture(
                  new AshlarException(ErrorCode.NOT_LEADER, "another leads"))
              : super.readBarrier();
        }
      };

  /** The directory may have been made by its successor, and acknowledged. */
  @Test
  void itDoesNotRefuseByWhatItKnows() throws Exception {
    Metadata metadata = new Metadata(log, store, RealWorld.INSTANCE);
    metadata.decide(new LogCommand.InitCluster(1, "mirror-1", 1, new byte[32]));
    Peer me = new Peer("m1", "r:1", "c:1");
    Leader leader =
        new Leader(
            1,
            metadata,
            MasterConfig.of("m1", Path.of("unused"), "c:1", "r:1", List.of(me)),
            new Identity("m1", 1, "", List.of(), false, false),
            () -> {});
    Command stage = new Command.Stage(77, 0644, 0, 0, "", 1, new long[0]);
    assertEquals(ErrorCode.NOT_FOUND, refusal(leader, stage), "there is no inode 77");
    deposed = true;
    assertEquals(ErrorCode.NOT_LEADER, refusal(leader, stage));
  }

  private static ErrorCode refusal(Leader leader, Command command) {
    return assertThrows(AshlarException.class, () -> leader.fill(command)).code();
  }
}
