package dev.ashlar.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.message.ClusterStatus;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** When a cluster may be called healthy. */
class WaitHealthyCommandTest {
  private static final long ELAPSED_MS = 700;

  private final List<ClusterStatus.Server> servers = new ArrayList<>();
  private ClusterStatus.Redundancy redundancy = redundancy(10, 0);
  private int missingMembers;

  private static ClusterStatus.Redundancy redundancy(long whole, long missing) {
    return new ClusterStatus.Redundancy(10, whole, 10 - whole, 0, 0, missing, List.of());
  }

  private void server(String name, String state, long silentMs) {
    servers.add(new ClusterStatus.Server(name, name + ":1", "", state, silentMs, 1));
  }

  private String missing() {
    ClusterStatus status =
        new ClusterStatus(
            1,
            "rs-2-1",
            "m",
            "m",
            1,
            List.of(),
            servers,
            List.of(),
            List.of(
                new ClusterStatus.Group(
                    1, "rs-2-1", 1, new long[3], new long[3], missingMembers, 0, 10)),
            redundancy,
            new ClusterStatus.Rebuild(false, 0, 0, 0, 0, 0, 0, -1, 0),
            0,
            0,
            0);
    return WaitHealthyCommand.missing(status, ELAPSED_MS);
  }

  @Test
  void allWholeOnServersHeardSinceTheCommandBegan() {
    server("server-1", "up", 0);
    server("server-2", "up", ELAPSED_MS - 1);
    assertEquals("", missing());
  }

  @Test
  void aServerThatIsUpMustBeHeardFirst() {
    server("server-1", "up", 0);
    server("server-2", "up", ELAPSED_MS);
    server("server-3", "up", 9_000);
    assertEquals("no word yet from server-2, server-3", missing());
  }

  @Test
  void aServerWhoseBlocksAreRebuiltElsewhereIsNotWaitedFor() {
    server("server-1", "up", 0);
    server("server-2", "down", 60_000);
    server("server-3", "suspect", 12_000);
    assertEquals("", missing());
  }

  @Test
  void whatIsMissingIsSaidFirst() {
    server("server-1", "up", 9_000);
    missingMembers = 1;
    assertEquals("1 placement group lacks members", missing());
    redundancy = redundancy(9, 1);
    assertTrue(missing().startsWith("9 of 10 chunks are whole, 1 blocks missing"), missing());
    missingMembers = 0;
    redundancy = redundancy(10, 2);
    assertTrue(missing().contains("2 blocks missing"), missing());
  }
}
