package dev.ashlar.cli.command;

import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.ExitCode;
import dev.ashlar.cli.FailedException;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.Progress;
import dev.ashlar.cli.UsageException;
import dev.ashlar.cli.remote.Connection;
import dev.ashlar.cli.remote.Destination;
import dev.ashlar.cli.remote.RemoteFiles;
import dev.ashlar.cli.transfer.Put;
import dev.ashlar.cli.transfer.Tasks;
import dev.ashlar.client.StageOptions;
import dev.ashlar.protocol.Policy;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.cli.Options;

/** put: local files into the cluster. */
public final class PutCommand implements CliCommand {
  static final int PARALLEL = 16;
  static final int MOST_PARALLEL = 256;

  /** Small files wait together for what they share. */
  private static final int SMALL_PER_LARGE = 8;

  @Override
  public String name() {
    return "put";
  }

  @Override
  public String summary() {
    return "copy local files into the cluster";
  }

  @Override
  public String arguments() {
    return "[-r] LOCAL... REMOTE";
  }

  @Override
  public String details() {
    return """
    REMOTE is an existing directory, which takes the sources inside it, or the name of the copy, whose directory must be there.
    A file becomes visible as a whole, at once, when all of it is durable; until then, and if put is interrupted, its name shows what it showed before.
    With -r trees are copied with symbolic links, modes and times. LOCAL may be '-' for standard input.
    """;
  }

  @Override
  public Options options() {
    return Connection.options()
        .addOption("r", "recursive", false, "copy directories whole")
        .addOption(
            Opt.value(
                "policy",
                "POLICY",
                "redundancy of the new files, such as rs-6-3 or mirror-3; else the directory's"))
        .addOption(
            Opt.value(
                "parallel",
                "N",
                "files copied at a time, of small ones "
                    + SMALL_PER_LARGE
                    + " times as many (default "
                    + PARALLEL
                    + ")"));
  }

  @Override
  public List<String> examples() {
    return List.of(
        "bin/ashlar put report.pdf /docs/",
        "bin/ashlar put -r photos /backup",
        "tar c . | bin/ashlar put - /backup/tree.tar");
  }

  @Override
  public int run(Invocation in) throws UsageException, IOException {
    List<String> operands = in.operands(2, Integer.MAX_VALUE, "at least one LOCAL and then REMOTE");
    List<String> sources = operands.subList(0, operands.size() - 1);
    String remote = Opt.remote(operands.getLast());
    StageOptions stage = StageOptions.DEFAULT.withPolicy(policy(in));
    int parallel = in.integer("parallel", PARALLEL, 1, MOST_PARALLEL);
    boolean standardInput = sources.contains("-");
    if (standardInput && sources.size() > 1) {
      throw new UsageException("'-' (standard input) cannot be put together with other sources");
    }
    try (Connection connection = Connection.open(in);
        Progress progress = Progress.start("put", in.terminal())) {
      RemoteFiles files = connection.files();
      Destination to = Destination.of(files, remote);
      Tasks tasks =
          new Tasks(
              parallel * SMALL_PER_LARGE, sentence -> progress.say("ashlar put: " + sentence));
      Put put = new Put(files, tasks, parallel, progress, stage);
      if (standardInput) {
        if (to.place() == null || to.mustBeDirectory()) {
          throw new FailedException(
              remote + " is a directory: standard input needs the name of a file");
        }
        put.stream(Channels.newChannel(in.terminal().in()), to.place());
        return ExitCode.GOOD;
      }
      if (sources.size() > 1 && to.directory() == null) {
        throw new FailedException(
            "Several sources need a directory to go to, and " + remote + " is none");
      }
      put.copy(sources.stream().map(Path::of).toList(), to, in.has("r"));
      return tasks.failures() == 0 ? ExitCode.GOOD : ExitCode.FAILED;
    }
  }

  private static String policy(Invocation in) throws UsageException {
    try {
      String text = in.text("policy");
      return text == null ? "" : Policy.parse(text).toString();
    } catch (IllegalArgumentException e) {
      throw new UsageException("--policy: " + e.getMessage(), e);
    }
  }
}
