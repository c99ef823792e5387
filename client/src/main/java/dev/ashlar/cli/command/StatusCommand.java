package dev.ashlar.cli.command;

import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.ExitCode;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.Json;
import dev.ashlar.cli.UsageException;
import dev.ashlar.cli.remote.Connection;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.apache.commons.cli.Options;

/** status: the whole cluster on one page. */
public final class StatusCommand implements CliCommand {
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  @Override
  public String name() {
    return "status";
  }

  @Override
  public String summary() {
    return "show masters, servers, disks, groups, redundancy and rebuild progress";
  }

  @Override
  public String arguments() {
    return "[--groups] [--json]";
  }

  @Override
  public Options options() {
    return Connection.options()
        .addOption(Opt.flag("groups", "one line for each placement group too"))
        .addOption(Opt.flag("json", "one JSON object, see docs/OPERATIONS.md"));
  }

  @Override
  public List<String> examples() {
    return List.of("bin/ashlar status", "bin/ashlar status --json");
  }

  @Override
  public int run(Invocation in) throws UsageException, IOException {
    in.operands(0, 0, "no operand");
    try (Connection connection = Connection.open(in, PATIENCE)) {
      var status = connection.fs().status();
      if (in.has("json")) {
        in.terminal().out().println(Json.pretty(status));
      } else {
        new StatusPage(status, in.terminal().out()).print(in.has("groups"));
      }
      return ExitCode.GOOD;
    }
  }
}
