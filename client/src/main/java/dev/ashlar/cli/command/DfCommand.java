package dev.ashlar.cli.command;

import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.ExitCode;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.Json;
import dev.ashlar.cli.Sizes;
import dev.ashlar.cli.UsageException;
import dev.ashlar.cli.remote.Connection;
import dev.ashlar.protocol.message.MasterReply;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.function.LongFunction;
import org.apache.commons.cli.Options;

/** df: room in the cluster. */
public final class DfCommand implements CliCommand {
  @Override
  public String name() {
    return "df";
  }

  @Override
  public String summary() {
    return "show the room on all disks, and what fits of files";
  }

  @Override
  public String arguments() {
    return "[-h] [--json]";
  }

  @Override
  public String details() {
    return "'raw' is what the disks hold, redundancy included; 'files' is what that means for files under the cluster's policy.";
  }

  @Override
  public Options options() {
    return Connection.options()
        .addOption("h", "human", false, "sizes as 1.5 TiB")
        .addOption(Opt.flag("json", "one JSON object"));
  }

  @Override
  public List<String> examples() {
    return List.of("bin/ashlar df -h");
  }

  @Override
  public int run(Invocation in) throws UsageException, IOException {
    in.operands(0, 0, "no operand");
    try (Connection connection = Connection.open(in)) {
      MasterReply.Space space = connection.fs().statfs();
      PrintStream out = in.terminal().out();
      if (in.has("json")) {
        out.println(Json.pretty(space));
        return ExitCode.GOOD;
      }
      LongFunction<String> size = in.has("h") ? Sizes::human : Long::toString;
      out.printf("%-6s %18s %18s %18s %5s%n", "", "size", "used", "free", "used");
      row(out, "raw", space.rawBytes(), space.rawFreeBytes(), size);
      row(out, "files", space.usableBytes(), space.usableFreeBytes(), size);
      out.println(space.files() + " files and directories" + ", policy " + space.policy());
      return ExitCode.GOOD;
    }
  }

  private static void row(
      PrintStream out, String what, long all, long free, LongFunction<String> size) {
    long used = Math.max(0, all - free);
    out.printf(
        "%-6s %18s %18s %18s %4d%%%n",
        what,
        size.apply(all),
        size.apply(used),
        size.apply(free),
        all == 0 ? 0 : Math.round(100.0 * used / all));
  }
}
