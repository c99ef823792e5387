package dev.ashlar.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.chunkserver.server.ChunkServerConfig;
import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.Program;
import dev.ashlar.cli.Terminal;
import dev.ashlar.cli.UsageException;
import dev.ashlar.master.server.MasterConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServerArgumentsTest {
  @TempDir Path dir;

  private static ServerArguments read(CliCommand command, String... arguments)
      throws UsageException, IOException {
    ByteArrayOutputStream nothing = new ByteArrayOutputStream();
    PrintStream text = new PrintStream(nothing, true, StandardCharsets.UTF_8);
    Terminal terminal =
        new Terminal(
            InputStream.nullInputStream(),
            text,
            Channels.newChannel(nothing),
            text,
            false,
            false,
            Map.of());
    return ServerArguments.of(
        new Invocation(Program.parse(command, List.of(arguments)), terminal), command.options());
  }

  private static ChunkServerConfig server(String... arguments) throws UsageException, IOException {
    return ChunkServerCommand.config(read(new ChunkServerCommand(), arguments));
  }

  private static MasterConfig master(String... arguments) throws UsageException, IOException {
    return MasterCommand.config(read(new MasterCommand(), arguments));
  }

  @Test
  void flagsAreRead() throws UsageException, IOException {
    ChunkServerConfig c =
        server(
            "--name",
            "s",
            "--listen",
            "127.0.0.1:7",
            "--masters",
            "a:1,b:2",
            "--disk",
            "/d/1",
            "--disk",
            "/d/2=4g",
            "--domain",
            "rack-1",
            "--scrub-period",
            "7d",
            "--rebuild-slots",
            "5");
    assertEquals(List.of("a:1", "b:2"), c.masters());
    assertEquals(
        List.of(
            new ChunkServerConfig.DiskDir(Path.of("/d/1"), 0),
            new ChunkServerConfig.DiskDir(Path.of("/d/2"), 4L << 30)),
        c.disks());
    assertEquals("rack-1", c.domain());
    assertEquals(Duration.ofDays(7), c.timing().scrubPeriod());
    assertEquals(5, c.rebuild().slots());
  }

  @Test
  void aFileHasTheSameKeysAndFlagsWin() throws UsageException, IOException {
    Path file = dir.resolve("m.properties");
    Files.writeString(
        file,
        "name = m1\ndir = "
            + dir
            + "/m\nclient = 127.0.0.1:1\nraft = 127.0.0.1:2\npeers = m1=127.0.0.1:2/127.0.0.1:1, m2=127.0.0.1:4/127.0.0.1:3\npolicy = mirror-3\nno-read-lease = true\ndown-after = 3m\n");
    MasterConfig c = master("--config", file.toString(), "--down-after", "4m");
    assertEquals("m1", c.name());
    assertEquals(
        List.of(
            new MasterConfig.Peer("m1", "127.0.0.1:2", "127.0.0.1:1"),
            new MasterConfig.Peer("m2", "127.0.0.1:4", "127.0.0.1:3")),
        c.peers());
    assertEquals("mirror-3", c.policy());
    assertEquals(Duration.ofMinutes(4), c.timing().downAfter());
    assertEquals(false, c.raft().readLease());
  }

  @Test
  void aShortDownAfterShortensSuspicionToo() throws UsageException, IOException {
    MasterConfig c =
        master(
            "--name",
            "m",
            "--dir",
            dir.toString(),
            "--client",
            "127.0.0.1:1",
            "--raft",
            "127.0.0.1:2",
            "--down-after",
            "5s");
    assertEquals(Duration.ofSeconds(5), c.timing().suspectAfter());
    assertEquals(List.of(new MasterConfig.Peer("m", "127.0.0.1:2", "127.0.0.1:1")), c.peers());
  }

  @Test
  void whatIsWrongIsSaidInOneSentence() throws IOException {
    Path unknown = Files.writeString(dir.resolve("x.properties"), "nmae = s\n");
    refused("--name is missing", new String[] {});
    refused("unknown key 'nmae'", "--config", unknown.toString());
    refused(
        "--listen must be HOST:PORT",
        "--name",
        "s",
        "--listen",
        "7430",
        "--masters",
        "a:1",
        "--disk",
        "/d");
    refused("at least one master", "--name", "s", "--listen", "127.0.0.1:0", "--disk", "/d");
    refused("at least one disk", "--name", "s", "--listen", "127.0.0.1:0", "--masters", "a:1");
    refused(
        "not a size",
        "--name",
        "s",
        "--listen",
        "127.0.0.1:0",
        "--masters",
        "a:1",
        "--disk",
        "/d=much");
    refused(
        "not a duration",
        "--name",
        "s",
        "--listen",
        "127.0.0.1:0",
        "--masters",
        "a:1",
        "--disk",
        "/d",
        "--heartbeat",
        "often");
    refused(
        "twice",
        "--name",
        "s",
        "--listen",
        "127.0.0.1:0",
        "--masters",
        "a:1",
        "--disk",
        "/d",
        "--disk",
        "/d/../d");
    UsageException e =
        assertThrows(
            UsageException.class,
            () ->
                master(
                    "--name",
                    "m",
                    "--dir",
                    "/m",
                    "--client",
                    "127.0.0.1:1",
                    "--raft",
                    "127.0.0.1:2",
                    "--peers",
                    "x=127.0.0.1:4/127.0.0.1:3"));
    assertTrue(String.valueOf(e.getMessage()).contains("'m' is not among them"), e::getMessage);
  }

  private static void refused(String why, String... arguments) {
    UsageException e = assertThrows(UsageException.class, () -> server(arguments));
    assertTrue(String.valueOf(e.getMessage()).contains(why), e::getMessage);
  }

  /** What a local cluster is made of is what these commands take. */
  @Test
  void membersOfALocalClusterAreMadeOfValidArguments() throws UsageException, IOException {
    ServerSettings each =
        new ServerSettings(
            new TreeMap<>(
                Map.of(
                    "capacity", "3g",
                    "scrub-period", "9d",
                    "scrub-rate", "7m",
                    "rebuild-rate", "5m")));
    ClusterSettings settings =
        new ClusterSettings(
            ClusterSettings.firstNames(3),
            4,
            2,
            "rs-2-1",
            7420,
            true,
            UpCommand.DOWN_AFTER,
            each,
            false);
    Members members = new Members(new ClusterDirectory(dir), settings);
    for (Members.Member m : members.all()) {
      String[] arguments = m.arguments().subList(1, m.arguments().size()).toArray(String[]::new);
      if (m.master()) {
        assertEquals(3, master(arguments).peers().size());
        assertEquals(dir.resolve("masters").resolve(m.name()), master(arguments).dir());
      } else {
        assertEquals(2, server(arguments).disks().size());
        assertEquals(3L << 30, server(arguments).disks().get(1).capacityBytes());
        assertEquals(Duration.ofDays(9), server(arguments).timing().scrubPeriod());
        assertEquals(7 << 20, server(arguments).timing().scrubBytesPerSecond());
        assertEquals(5 << 20, server(arguments).rebuild().bytesPerSecond());
        assertEquals(
            dir.resolve("servers").resolve(m.name()).resolve("disk-2"),
            server(arguments).disks().get(1).path());
      }
    }
    assertTrue(members.joining(3).arguments().contains("--join"));
  }
}
