package dev.ashlar.cli.command;

import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.ExitCode;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.Progress;
import dev.ashlar.cli.Terminal;
import dev.ashlar.cli.UsageException;
import dev.ashlar.cli.remote.Connection;
import dev.ashlar.cli.transfer.Get;
import dev.ashlar.cli.transfer.StandardOutput;
import dev.ashlar.cli.transfer.Tasks;
import java.io.IOException;
import java.util.List;
import org.apache.commons.cli.Options;

/** cat: files to standard output. */
public final class CatCommand implements CliCommand {
  @Override
  public String name() {
    return "cat";
  }

  @Override
  public String summary() {
    return "write files to standard output, one after the other";
  }

  @Override
  public String arguments() {
    return "REMOTE...";
  }

  @Override
  public Options options() {
    return Connection.options();
  }

  @Override
  public List<String> examples() {
    return List.of("bin/ashlar cat /docs/notes.txt | less");
  }

  @Override
  public int run(Invocation in) throws UsageException, IOException {
    List<String> sources = in.operands(1, Integer.MAX_VALUE, "at least one REMOTE");
    for (String source : sources) {
      Opt.remote(source);
    }
    return print(in, sources, "cat");
  }

  static int print(Invocation in, List<String> sources, String command)
      throws UsageException, IOException {
    Terminal terminal = in.terminal().outIsTerminal() ? in.terminal().unwatched() : in.terminal();
    StandardOutput out = new StandardOutput(terminal);
    try (Connection connection = Connection.open(in);
        Progress progress = Progress.start(command, terminal)) {
      Tasks tasks = new Tasks(1, sentence -> complain(out, progress, command, sentence));
      try (Get get = new Get(connection.files(), tasks, progress)) {
        for (String source : sources) {
          if (out.isOpen() && !tasks.stopped()) {
            tasks.guard(source, () -> get.stream(source, out));
          }
        }
      }
      return tasks.failures() == 0 ? ExitCode.GOOD : ExitCode.FAILED;
    }
  }

  /** A reader that has seen enough and went away, as head does, is nothing to complain of. */
  private static void complain(
      StandardOutput out, Progress progress, String command, String sentence) {
    if (out.isOpen() || !sentence.contains("Broken pipe")) {
      progress.say("ashlar " + command + ": " + sentence);
    }
  }
}
