package dev.ashlar.cli.command;

import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.Durations;
import dev.ashlar.cli.ExitCode;
import dev.ashlar.cli.FailedException;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.Program;
import dev.ashlar.cli.Sizes;
import dev.ashlar.cli.Terminal;
import dev.ashlar.cli.UsageException;
import dev.ashlar.cli.remote.Connection;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ClusterStatus;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.commons.cli.Options;

/** wait-healthy: returns when nothing is missing. */
public final class WaitHealthyCommand implements CliCommand {
  private static final Duration TIMEOUT = Duration.ofMinutes(2);
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final long POLL_MS = 250;

  @Override
  public String name() {
    return "wait-healthy";
  }

  @Override
  public String summary() {
    return "wait until every chunk has full redundancy";
  }

  @Override
  public String arguments() {
    return "[--timeout 120s]";
  }

  @Override
  public String details() {
    return """
    Exit code 0 as soon as every chunk has all its blocks in service, no rebuild is pending, and every server that counts as up was heard since the command
    began: so a server that was killed just before is not overlooked. 1 if that is not so when the time is over.
    """;
  }

  @Override
  public Options options() {
    return Connection.options()
        .addOption(
            Opt.value(
                "timeout", "TIME", "how long to wait at most, as 500ms, 90s or 2m (default 120s)"));
  }

  @Override
  public List<String> examples() {
    return List.of("bin/ashlar wait-healthy --timeout 10m && echo all is whole");
  }

  @Override
  public int run(Invocation in) throws UsageException, IOException, InterruptedException {
    in.operands(0, 0, "no operand");
    Duration timeout = in.duration("timeout", TIMEOUT);
    Duration patience = timeout.compareTo(PATIENCE) < 0 && !timeout.isZero() ? timeout : PATIENCE;
    long start = System.nanoTime();
    try (Connection connection = Connection.open(in, patience)) {
      long deadline = start + timeout.toNanos();
      Bar bar = new Bar(in.terminal());
      while (true) {
        String missing = look(connection, start);
        if (missing.isEmpty()) {
          bar.erase();
          return ExitCode.GOOD;
        }
        if (deadline - System.nanoTime() <= 0) {
          bar.erase();
          throw new FailedException(
              "Not healthy after " + Durations.human(timeout) + ": " + missing);
        }
        bar.show(missing);
        TimeUnit.MILLISECONDS.sleep(
            Math.min(POLL_MS, Math.max(1, (deadline - System.nanoTime()) / 1_000_000)));
      }
    }
  }

  private static String look(Connection connection, long start) throws IOException {
    long elapsedMs = (System.nanoTime() - start) / 1_000_000; // before the status is asked for
    try {
      return missing(connection.fs().status(), elapsedMs);
    } catch (AshlarException e) {
      if (e.code() == ErrorCode.UNSUPPORTED_VERSION) {
        throw e;
      }
      return Program.explain(e);
    }
  }

  /**
   * What is not whole, or not known to be; empty if all is whole on servers that are really there.
   *
   * @param elapsedMs time before the status was asked for within which every server that counts as
   *     up must have been heard: the silence of a dead one is noticed only after a while
   */
  public static String missing(ClusterStatus s, long elapsedMs) {
    String missing = missing(s);
    return missing.isEmpty() ? unheard(s, elapsedMs) : missing;
  }

  private static String unheard(ClusterStatus s, long elapsedMs) {
    List<String> silent =
        s.servers().stream()
            .filter(x -> x.state().equals("up") && x.silentMs() >= elapsedMs)
            .map(ClusterStatus.Server::name)
            .toList();
    return silent.isEmpty() ? "" : "no word yet from " + String.join(", ", silent);
  }

  private static String missing(ClusterStatus s) {
    ClusterStatus.Redundancy r = s.redundancy();
    ClusterStatus.Rebuild b = s.rebuild();
    if (s.leader().isEmpty()) {
      return "the masters have no leader";
    }
    if (!s.answeredBy().equals(s.leader())) {
      return "the leader, " + s.leader() + ", does not answer";
    }
    long hurt = s.groups().stream().filter(g -> g.chunks() > 0 && g.missing() > 0).count();
    if (r.whole() == r.chunks() && hurt > 0) {
      return hurt
          + (hurt == 1 ? " placement group lacks members" : " placement groups lack members");
    }
    if (r.whole() < r.chunks()
        || r.missingBlocks() > 0
        || b.pendingBlocks() > 0
        || b.runningBlocks() > 0) {
      return r.whole()
          + " of "
          + r.chunks()
          + " chunks are whole"
          + (r.lost() > 0 ? ", " + r.lost() + " cannot be read" : "")
          + ", "
          + Math.max(r.missingBlocks(), b.pendingBlocks() + b.runningBlocks())
          + " blocks missing ("
          + Sizes.rate(b.bytesPerSecond())
          + (b.etaMs() < 0 ? "" : ", " + Durations.human(Duration.ofMillis(b.etaMs())) + " left")
          + ")";
    }
    return "";
  }

  /** One line repainted, for a terminal only. */
  private static final class Bar {
    private final Terminal terminal;
    private int width;

    Bar(Terminal terminal) {
      this.terminal = terminal;
    }

    void show(String text) {
      if (terminal.errIsTerminal()) {
        terminal.err().print("\r" + text + " ".repeat(Math.max(0, width - text.length())));
        terminal.err().flush();
        width = text.length();
      }
    }

    void erase() {
      if (width > 0) {
        terminal.err().print("\r" + " ".repeat(width) + "\r");
        terminal.err().flush();
      }
    }
  }
}
