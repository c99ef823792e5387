package dev.ashlar.launcher;

import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.ExitCode;
import dev.ashlar.cli.FailedException;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.cli.Options;

/** down: stops a local cluster. */
final class DownCommand implements CliCommand {
  @Override
  public String name() {
    return "down";
  }

  @Override
  public String summary() {
    return "stop the local cluster; its data stays";
  }

  @Override
  public String arguments() {
    return "[--dir D]";
  }

  @Override
  public Options options() {
    return new Options()
        .addOption(
            ServerArguments.option(
                "dir",
                "D",
                "directory of the cluster (default ./" + ClusterDirectory.DEFAULT + ")"));
  }

  @Override
  public List<String> examples() {
    return List.of("bin/ashlar down", "bin/ashlar down --dir /tmp/try");
  }

  @Override
  public int run(Invocation in) throws UsageException, IOException {
    in.operands(0, 0, "no operand");
    ClusterDirectory directory = ClusterDirectory.of(in.text("dir", ClusterDirectory.DEFAULT));
    if (!Files.exists(directory.settings())) {
      throw new FailedException(
          "There is no cluster in " + directory.root() + ": name its directory with --dir");
    }
    Map<String, ProcessHandle> running;
    try (ClusterDirectory.Lock _ = directory.lock()) {
      running = Processes.running(directory);
      List<String> killed = stop(running);
      for (String name : running.keySet()) {
        Files.deleteIfExists(directory.pid(name));
      }
      if (!killed.isEmpty()) {
        in.terminal()
            .err()
            .println(
                "ashlar down: "
                    + String.join(", ", killed)
                    + " did not stop in time and had to be killed.");
      }
    }
    in.terminal()
        .out()
        .println(
            running.isEmpty()
                ? "Nothing runs in " + directory.root() + "."
                : "Stopped "
                    + running.size()
                    + (running.size() == 1 ? " process." : " processes."));
    return ExitCode.GOOD;
  }

  /** Chunk servers first, so that masters hear of no loss; then the masters. */
  static List<String> stop(Map<String, ProcessHandle> running) throws IOException {
    Map<String, ProcessHandle> masters = new LinkedHashMap<>(running);
    masters.keySet().removeIf(n -> n.startsWith("server-"));
    Map<String, ProcessHandle> servers = new LinkedHashMap<>(running);
    servers.keySet().removeAll(masters.keySet());
    List<String> killed = Processes.stop(servers, Processes.STOP_PATIENCE);
    killed.addAll(Processes.stop(masters, Processes.STOP_PATIENCE));
    return killed;
  }
}
