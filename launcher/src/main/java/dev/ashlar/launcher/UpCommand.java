package dev.ashlar.launcher;

import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.Durations;
import dev.ashlar.cli.FailedException;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.UsageException;
import dev.ashlar.client.ClientConfig;
import dev.ashlar.protocol.Policy;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import org.apache.commons.cli.Options;
import org.jspecify.annotations.Nullable;

/** up: a cluster on this machine. */
final class UpCommand implements CliCommand {
  static final Duration DOWN_AFTER = Duration.ofSeconds(15);
  private static final int SERVERS = 10;
  private static final int MAX_DISKS = 64;
  private static final int MAX_PORT = 65000;

  @Override
  public String name() {
    return "up";
  }

  @Override
  public String summary() {
    return "start a cluster on this machine, or what is missing of it";
  }

  @Override
  public String arguments() {
    return "[--dir D] [--masters N] [--servers 10] [--disks 1] [--policy rs-6-3] [--port P] [--capacity SIZE] [--processes] [--detach]";
  }

  @Override
  public String details() {
    return """
    All servers run in one process, with one master, unless --processes is given: then each is a process of its own, with three masters.
    Runs until Ctrl-C, or with --detach in the background until 'bin/ashlar down'. The data stays in D, and so do these settings: a later 'up' needs only --dir.
    If some of the processes of D run, only the others are started. --servers and --disks may grow from one 'up' to the next;
    other settings of chunk servers hold for those that are started with them.
    """;
  }

  @Override
  public Options options() {
    Options options =
        new Options()
            .addOption(
                ServerArguments.option(
                    "dir",
                    "D",
                    "where everything is kept (default ./" + ClusterDirectory.DEFAULT + ")"))
            .addOption(
                ServerArguments.option(
                    "masters", "N", "1, 3 or 5 masters (default 1; with --processes 3)"))
            .addOption(
                ServerArguments.option("servers", "N", "chunk servers (default " + SERVERS + ")"))
            .addOption(
                ServerArguments.option("disks", "N", "disks (directories) of each (default 1)"))
            .addOption(
                ServerArguments.option(
                    "policy", "POLICY", "redundancy: rs-K-M, xor-K-1 or mirror-N (default rs-6-3)"))
            .addOption(
                ServerArguments.option(
                    "port",
                    "P",
                    "where clients connect, on loopback; the further ports follow (default "
                        + ClientConfig.DEFAULT_PORT
                        + ")"))
            .addOption(
                ServerArguments.option(
                    "down-after",
                    "TIME",
                    "a server silent for so long is rebuilt elsewhere (default "
                        + Durations.exact(DOWN_AFTER)
                        + ")"))
            .addOption(ServerArguments.flag("processes", "every server in a process of its own"))
            .addOption(
                ServerArguments.flag(
                    "detach", "return when it is ready, and let it run in the background"));
    ServerSettings.addTo(options);
    return options;
  }

  @Override
  public List<String> examples() {
    return List.of(
        "bin/ashlar up --detach",
        "bin/ashlar up --dir /tmp/try --processes --servers 12 --policy rs-8-2 --port 9000 --detach");
  }

  @Override
  public int run(Invocation in) throws UsageException, IOException, InterruptedException {
    in.operands(0, 0, "no operand, only flags");
    ClusterDirectory directory = ClusterDirectory.of(in.text("dir", ClusterDirectory.DEFAULT));
    if (Boolean.getBoolean(LocalCluster.BACKGROUND)) {
      return new LocalCluster(directory, ClusterSettings.load(directory.settings()), in.terminal())
          .serveInBackground();
    }
    ClusterSettings asked = asked(in);
    if (!Files.exists(directory.settings())) {
      asked.check(); // before anything is made
    }
    directory.make();
    LocalCluster cluster;
    LocalCluster.Started started;
    try (ClusterDirectory.Lock _ = directory.lock()) {
      boolean known = Files.exists(directory.settings());
      ClusterSettings settings =
          known ? merged(ClusterSettings.load(directory.settings()), asked, in) : asked;
      settings.check();
      cluster = new LocalCluster(directory, settings, in.terminal());
      started = cluster.start(in.has("detach"));
    }
    return cluster.stay(started);
  }

  /** What the flags say, with the defaults for a new cluster. */
  private static ClusterSettings asked(Invocation in) throws UsageException {
    int masters =
        in.integer("masters", in.has("processes") ? 3 : 1, 1, ClusterSettings.MAX_MASTERS);
    if (masters % 2 == 0) {
      throw new UsageException(
          "--masters must be 1, 3 or 5: an even number survives no more losses than the odd one below it");
    }
    String policy;
    try {
      policy = Policy.parse(in.text("policy", "rs-6-3")).toString();
    } catch (IllegalArgumentException e) {
      throw new UsageException("--policy: " + e.getMessage(), e);
    }
    return new ClusterSettings(
        ClusterSettings.firstNames(masters),
        in.integer("servers", SERVERS, 1, ClusterSettings.MAX_SERVERS),
        in.integer("disks", 1, 1, MAX_DISKS),
        policy,
        in.integer("port", ClientConfig.DEFAULT_PORT, 1, MAX_PORT),
        in.has("processes"),
        in.duration("down-after", DOWN_AFTER),
        ServerSettings.of(in),
        false);
  }

  /** The kept settings, with what flags may still change. */
  private static ClusterSettings merged(ClusterSettings kept, ClusterSettings asked, Invocation in)
      throws IOException {
    same(in, "masters", kept.masters(), asked.masters());
    same(in, "policy", kept.policy(), asked.policy());
    same(in, "port", kept.port(), asked.port());
    return new ClusterSettings(
        kept.masterNames(),
        grown(in, "servers", kept.servers(), asked.servers()),
        grown(in, "disks", kept.disks(), asked.disks()),
        kept.policy(),
        kept.port(),
        kept.processes() || in.has("processes"),
        in.text("down-after") == null ? kept.downAfter() : asked.downAfter(),
        asked.each().over(kept.each()),
        kept.formed());
  }

  private static void same(Invocation in, String flag, Object kept, Object asked)
      throws FailedException {
    if (in.text(flag) != null && !kept.equals(asked)) {
      throw new FailedException(
          "This cluster was made with --"
              + flag
              + " "
              + kept
              + ", which cannot become "
              + asked
              + ": leave the flag out, or make a new cluster in another --dir");
    }
  }

  private static int grown(Invocation in, String flag, int kept, int asked) throws FailedException {
    @Nullable String given = in.text(flag);
    if (given != null && asked < kept) {
      throw new FailedException(
          "This cluster has --"
              + flag
              + " "
              + kept
              + ", which can grow but not shrink to "
              + asked);
    }
    return given == null ? kept : asked;
  }
}
