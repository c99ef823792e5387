package dev.ashlar.launcher;

import dev.ashlar.cli.ExitCode;
import dev.ashlar.cli.Program;
import dev.ashlar.cli.Terminal;
import dev.ashlar.cli.command.ClientCommands;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A run through everything, on a small cluster in a temporary directory, that the start script has
 * the JVM watch once: which classes are needed is recorded, and later starts are faster. What it
 * does does not matter as long as it touches what people use.
 */
final class Rehearsal {
  static final String COMMAND = "rehearse";
  private static final int SERVERS = 3;
  private static final int FILE_BYTES = 3 << 20;

  private Rehearsal() {}

  static int run(Terminal terminal) {
    try {
      Path dir = Files.createTempDirectory("ashlar-rehearsal");
      try {
        return play(dir, terminal);
      } finally {
        Trees.delete(dir);
      }
    } catch (IOException e) {
      terminal.err().println("ashlar rehearse: " + Program.explain(e));
      return ExitCode.FAILED;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return ExitCode.FAILED;
    }
  }

  private static int play(Path dir, Terminal terminal) throws IOException, InterruptedException {
    ClusterDirectory directory = new ClusterDirectory(dir.resolve("cluster"));
    directory.make();
    ClusterSettings settings =
        new ClusterSettings(
            ClusterSettings.firstNames(1),
            SERVERS,
            1,
            "rs-2-1",
            FreePorts.base(ClusterSettings.PORTS_FOR_MASTERS + SERVERS),
            false,
            UpCommand.DOWN_AFTER,
            ServerSettings.DEFAULT,
            false);
    settings.store(directory.settings());
    Logs.toFile(directory.log(LocalCluster.EMBEDDED), Serving.LOG_BYTES);
    Path file = dir.resolve("file");
    Files.write(file, new byte[FILE_BYTES]);
    try (EmbeddedCluster _ =
        EmbeddedCluster.start(directory, new Members(directory, settings), terminal)) {
      Readiness.await(settings, () -> "");
      Program program = new Program(ClientCommands.sections(), silent(settings), Main.VERSION);
      List<List<String>> scenes =
          List.of(
              List.of("help"),
              List.of("status"),
              List.of("mkdir", "-p", "/a/b"),
              List.of("put", file.toString(), "/a/f"),
              List.of("put", "-r", directory.root().resolve("pids").toString(), "/a"),
              List.of("get", "/a/f", dir.resolve("back").toString()),
              List.of("cat", "/a/f"),
              List.of("ls", "-l", "-R"),
              List.of("stat", "/a/f"),
              List.of("du"),
              List.of("df", "-h"),
              List.of("mv", "/a/f", "/a/b"),
              List.of("fsck", "--verify"),
              List.of("wait-healthy"),
              List.of("status", "--json"),
              List.of("rm", "-r", "/a"));
      for (List<String> scene : scenes) {
        int code = program.run(scene.toArray(String[]::new));
        if (code != ExitCode.GOOD) {
          terminal
              .err()
              .println("ashlar rehearse: " + String.join(" ", scene) + " ended with " + code);
        }
      }
    }
    return ExitCode.GOOD;
  }

  private static Terminal silent(ClusterSettings settings) {
    OutputStream nowhere = OutputStream.nullOutputStream();
    PrintStream text = new PrintStream(nowhere, false, StandardCharsets.UTF_8);
    return new Terminal(
        System.in,
        text,
        Channels.newChannel(nowhere),
        text,
        false,
        false,
        Map.of("ASHLAR_CLUSTER", settings.address()));
  }
}
