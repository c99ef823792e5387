package dev.ashlar.cli.command;

import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.ExitCode;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.UsageException;
import dev.ashlar.cli.remote.Connection;
import java.io.IOException;
import java.util.List;
import org.apache.commons.cli.Options;

/** masters: administration of the masters. */
public final class MastersCommand implements CliCommand {
  /**
   * @param action as the masters know it
   * @param operands what follows the word
   * @param count how many
   */
  private record Action(String word, String action, String operands, int count) {}

  private static final List<Action> ACTIONS =
      List.of(
          new Action("add", "add-master", "NAME RAFT-ADDRESS CLIENT-ADDRESS", 3),
          new Action("remove", "remove-master", "NAME", 1),
          new Action(
              "replace", "replace-master", "OLD-NAME NEW-NAME RAFT-ADDRESS CLIENT-ADDRESS", 4),
          new Action("transfer", "transfer", "NAME", 1),
          new Action("snapshot", "snapshot", "", 0));

  @Override
  public String name() {
    return "masters";
  }

  @Override
  public String summary() {
    return "add, remove or replace a master, hand over leadership, take a snapshot";
  }

  @Override
  public String arguments() {
    return "add|remove|replace|transfer|snapshot [OPERAND]...";
  }

  @Override
  public String details() {
    return """
    add NAME RAFT-ADDRESS CLIENT-ADDRESS        a further master, which runs already with --join
    remove NAME                                 a master that is not wanted any more
    replace OLD NEW RAFT-ADDRESS CLIENT-ADDRESS a master that lost its directory, by one under a new name that runs already with --join
    transfer NAME                               makes this master the leader
    snapshot                                    the leader writes a snapshot now and drops the log before it
    'bin/ashlar status' shows the names.
    """;
  }

  @Override
  public Options options() {
    return Connection.options();
  }

  @Override
  public List<String> examples() {
    return List.of(
        "bin/ashlar masters transfer master-2",
        "bin/ashlar masters replace master-3 master-4 10.0.0.4:7425 10.0.0.4:7420");
  }

  @Override
  public int run(Invocation in) throws UsageException, IOException {
    List<String> operands =
        in.operands(1, Integer.MAX_VALUE, "what to do: add, remove, replace, transfer or snapshot");
    Action action =
        ACTIONS.stream()
            .filter(a -> a.word.equals(operands.getFirst()))
            .findFirst()
            .orElseThrow(() ->
                new UsageException(
                    "'"
                        + operands.getFirst()
                        + "' is none of add, remove, replace, transfer and snapshot"));
    if (operands.size() - 1 != action.count) {
      throw new UsageException(
          "After '" + action.word + "' give " + (action.count == 0 ? "nothing" : action.operands));
    }
    try (Connection connection = Connection.open(in)) {
      in.terminal()
          .out()
          .println(connection.fs().administer(action.action, operands.subList(1, operands.size())));
      return ExitCode.GOOD;
    }
  }
}
