package dev.ashlar.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.cli.FailedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterSettingsTest {
  @TempDir Path dir;

  private static ClusterSettings settings(int masters, int servers, int disks, String policy) {
    return new ClusterSettings(
        ClusterSettings.firstNames(masters),
        servers,
        disks,
        policy,
        7420,
        true,
        Duration.ofSeconds(15),
        new ServerSettings(new TreeMap<>(Map.of("capacity", "2t"))),
        false);
  }

  @Test
  void whatIsStoredIsLoaded() throws IOException {
    Path file = dir.resolve("cluster.properties");
    ClusterSettings s = settings(3, 12, 2, "rs-8-2-128k").withNewMaster(2).withFormed();
    s.store(file);
    assertEquals(s, ClusterSettings.load(file));
    assertEquals(
        List.of("master-1", "master-4", "master-3"), ClusterSettings.load(file).masterNames());
  }

  @Test
  void settingsOfServersArePutOverEarlierOnesAndMakeSense() {
    ServerSettings kept =
        new ServerSettings(new TreeMap<>(Map.of("capacity", "2t", "scrub-rate", "1m")));
    ServerSettings given = new ServerSettings(new TreeMap<>(Map.of("scrub-rate", "2m")));
    assertEquals(Map.of("capacity", "2t", "scrub-rate", "2m"), given.over(kept).values());
    for (Map<String, String> bad :
        List.of(Map.of("capacity", "much"), Map.of("scrub-period", "0s"), Map.of("no", "1"))) {
      assertThrows(
          IllegalArgumentException.class,
          () -> new ServerSettings(new TreeMap<>(bad)),
          bad::toString);
    }
  }

  @Test
  void aDamagedFileIsRefusedInOneSentence() throws IOException {
    Path file =
        Files.writeString(dir.resolve("cluster.properties"), "servers = ten\nmasters = master-1\n");
    FailedException e = assertThrows(FailedException.class, () -> ClusterSettings.load(file));
    assertTrue(String.valueOf(e.getMessage()).contains("cluster.properties"), e::getMessage);
  }

  @Test
  void thePolicyMustFitOnTheDisks() throws IOException {
    settings(1, 9, 1, "rs-6-3").check();
    settings(1, 3, 3, "rs-6-3").check();
    FailedException e =
        assertThrows(FailedException.class, () -> settings(1, 8, 1, "rs-6-3").check());
    assertTrue(String.valueOf(e.getMessage()).contains("needs 9 disks"), e::getMessage);
  }

  @Test
  void portsDoNotMeet() {
    ClusterSettings s = settings(5, 200, 1, "rs-6-3");
    assertEquals(s.ports().size(), new HashSet<>(s.ports()).size());
    assertEquals(7420, s.masterPort(1));
    assertEquals(7425, s.raftPort(1));
    assertEquals(7430, s.serverPort(1));
    assertEquals(
        "127.0.0.1:7420,127.0.0.1:7421,127.0.0.1:7422", settings(3, 1, 1, "mirror-1").address());
  }
}
