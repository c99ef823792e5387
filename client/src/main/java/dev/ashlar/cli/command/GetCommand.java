package dev.ashlar.cli.command;

import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.ExitCode;
import dev.ashlar.cli.FailedException;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.Progress;
import dev.ashlar.cli.UsageException;
import dev.ashlar.cli.remote.Connection;
import dev.ashlar.cli.transfer.Get;
import dev.ashlar.cli.transfer.LocalDestination;
import dev.ashlar.cli.transfer.Tasks;
import java.io.IOException;
import java.util.List;
import org.apache.commons.cli.Options;

/** get: files out of the cluster. */
public final class GetCommand implements CliCommand {
  @Override
  public String name() {
    return "get";
  }

  @Override
  public String summary() {
    return "copy files out of the cluster";
  }

  @Override
  public String arguments() {
    return "[-r] REMOTE... LOCAL";
  }

  @Override
  public String details() {
    return """
    LOCAL is an existing directory, which takes the copies inside it, or the name of the copy.
    Every byte is checked against the writer's checksums. A file gets its final name only when all of it is written and synced.
    With -r trees are copied with symbolic links, modes and times. LOCAL may be '-' for standard output.
    """;
  }

  @Override
  public Options options() {
    return Connection.options()
        .addOption("r", "recursive", false, "copy directories whole")
        .addOption(
            Opt.value(
                "parallel", "N", "files copied at a time (default " + PutCommand.PARALLEL + ")"));
  }

  @Override
  public List<String> examples() {
    return List.of(
        "bin/ashlar get /docs/report.pdf .",
        "bin/ashlar get -r /backup/photos restored",
        "bin/ashlar get /backup/tree.tar - | tar x");
  }

  @Override
  public int run(Invocation in) throws UsageException, IOException {
    List<String> operands = in.operands(2, Integer.MAX_VALUE, "at least one REMOTE and then LOCAL");
    List<String> sources = operands.subList(0, operands.size() - 1);
    for (String source : sources) {
      Opt.remote(source);
    }
    String local = operands.getLast();
    if (local.isEmpty()) {
      throw new UsageException("An empty LOCAL names nothing: the present directory is '.'");
    }
    int parallel = in.integer("parallel", PutCommand.PARALLEL, 1, PutCommand.MOST_PARALLEL);
    if (local.equals("-") || local.equals("/dev/stdout")) {
      return toStandardOutput(in, sources);
    }
    LocalDestination to = LocalDestination.of(local);
    if (sources.size() > 1 && !to.directory()) {
      throw new FailedException(
          "Several sources need a directory to go to, and " + local + " is none");
    }
    try (Connection connection = Connection.open(in);
        Progress progress = Progress.start("get", in.terminal())) {
      Tasks tasks = new Tasks(parallel, sentence -> progress.say("ashlar get: " + sentence));
      try (Get get = new Get(connection.files(), tasks, progress)) {
        get.copy(sources, to, in.has("r"));
      }
      return tasks.failures() == 0 ? ExitCode.GOOD : ExitCode.FAILED;
    }
  }

  private static int toStandardOutput(Invocation in, List<String> sources)
      throws UsageException, IOException {
    if (sources.size() > 1 || in.has("r")) {
      throw new UsageException(
          "Only a single file can go to '-' (standard output); cat prints several one after the other");
    }
    return CatCommand.print(in, sources, "get");
  }
}
