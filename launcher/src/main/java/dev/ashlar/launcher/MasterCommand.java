package dev.ashlar.launcher;

import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.UsageException;
import dev.ashlar.master.raft.RaftSettings;
import dev.ashlar.master.server.MasterConfig;
import dev.ashlar.master.server.MasterConfig.Peer;
import dev.ashlar.master.server.Timing;
import dev.ashlar.protocol.Policy;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.cli.Options;

/** master: one metadata master, in the foreground. */
final class MasterCommand implements CliCommand {
  private static final int MAX_SNAPSHOT_ENTRIES = 1_000_000_000;

  @Override
  public String name() {
    return "master";
  }

  @Override
  public String summary() {
    return "run one metadata master of a real cluster";
  }

  @Override
  public String arguments() {
    return "--name NAME --dir DIR --client HOST:PORT --raft HOST:PORT --peers NAME=RAFT/CLIENT,... [FLAG]...";
  }

  @Override
  public String details() {
    return """
    Serves in the foreground until SIGTERM or Ctrl-C. A new cluster forms when all its masters run with the same --peers for the first time.
    A master that lost its directory never comes back under its name: start one with a new name, an empty directory and --join, then run
    'bin/ashlar masters replace OLD NEW RAFT-ADDRESS CLIENT-ADDRESS'.
    """;
  }

  @Override
  public Options options() {
    Options options = ServerArguments.common();
    options.addOption(
        ServerArguments.option(
            "name", "NAME", "unique in the cluster, bound to the directory for ever"));
    options.addOption(
        ServerArguments.option(
            "dir",
            "DIR",
            "where it keeps its log and state; best a fast device with a write cache that survives power loss"));
    options.addOption(
        ServerArguments.option(
            "client", "HOST:PORT", "where clients, chunk servers and other masters reach it"));
    options.addOption(
        ServerArguments.option("raft", "HOST:PORT", "where the other masters' Raft reaches it"));
    options.addOption(
        ServerArguments.option(
            "peers",
            "NAME=RAFT/CLIENT,...",
            "all masters of the cluster with both addresses; a single one may leave it out"));
    options.addOption(
        ServerArguments.flag(
            "join",
            "come into a running cluster; takes part after 'masters add' or 'masters replace'"));
    options.addOption(
        ServerArguments.option(
            "policy",
            "POLICY",
            "redundancy of a new cluster (default " + MasterConfig.DEFAULT_POLICY + ")"));
    options.addOption(
        ServerArguments.option(
            "suspect-after",
            "TIME",
            "silence of a chunk server before it gets no new blocks (default 10s)"));
    options.addOption(
        ServerArguments.option(
            "down-after", "TIME", "silence before its blocks are rebuilt elsewhere (default 10m)"));
    options.addOption(
        ServerArguments.option(
            "lease-timeout",
            "TIME",
            "silence of a client before its leases are closed (default 15s)"));
    options.addOption(
        ServerArguments.option(
            "session-timeout", "TIME", "idle time before a client is forgotten (default 1h)"));
    options.addOption(
        ServerArguments.option(
            "report-period",
            "TIME",
            "between full comparisons of a disk with the metadata (default 5m)"));
    options.addOption(
        ServerArguments.option(
            "token-life", "TIME", "how long a block token is good for (default 1h)"));
    options.addOption(
        ServerArguments.option("key-age", "TIME", "between new token keys (default 1d)"));
    options.addOption(
        ServerArguments.option(
            "rebuild-rate",
            "SIZE",
            "most bytes per second that rebuilds write to one chunk server (default no limit)"));
    options.addOption(
        ServerArguments.option(
            "repack-every",
            "TIME",
            "between looks for packs of small files that became sparse (default 1m)"));
    options.addOption(
        ServerArguments.option(
            "election-min", "TIME", "shortest election timeout (default 800ms)"));
    options.addOption(
        ServerArguments.option(
            "election-max", "TIME", "longest election timeout (default 1100ms)"));
    options.addOption(
        ServerArguments.option(
            "snapshot-entries", "N", "log entries between snapshots (default 500000)"));
    options.addOption(
        ServerArguments.option(
            "map-size", "SIZE", "largest size of the metadata store, sparse (default 64g)"));
    options.addOption(
        ServerArguments.flag(
            "no-read-lease",
            "every read goes through the log: for machines that are suspended or moved live"));
    options.addOption(
        ServerArguments.flag(
            "accept-torn-end",
            "after a power cut that stopped too many masters: start with a log whose very end is unreadable"));
    return options;
  }

  @Override
  public List<String> examples() {
    return List.of(
        "bin/ashlar master --name m1 --dir /var/lib/ashlar/m1 --client 10.0.0.1:7420 --raft 10.0.0.1:7425 \\\n"
            + "      --peers m1=10.0.0.1:7425/10.0.0.1:7420,m2=10.0.0.2:7425/10.0.0.2:7420,m3=10.0.0.3:7425/10.0.0.3:7420",
        "bin/ashlar master --config /etc/ashlar/m1.properties");
  }

  @Override
  public int run(Invocation in) throws UsageException, IOException, InterruptedException {
    ServerArguments a = ServerArguments.of(in, options());
    MasterConfig config = config(a);
    Duration repackEvery = repackEvery(a);
    String what = "Master " + config.name();
    return Serving.serve(
        a,
        what,
        () -> {
          RunningMaster master = RunningMaster.start(config, repackEvery);
          var _ =
              master
                  .server()
                  .started()
                  .whenComplete((_, failure) -> Serving.endIfFailed(what, failure));
          return master;
        });
  }

  static Duration repackEvery(ServerArguments a) throws UsageException {
    return a.duration("repack-every", Duration.ofMinutes(1));
  }

  static MasterConfig config(ServerArguments a) throws UsageException {
    String name = a.need("name");
    Path dir = Path.of(a.need("dir")).toAbsolutePath().normalize();
    String client = ServerArguments.hostPort("client", a.need("client"));
    String raft = ServerArguments.hostPort("raft", a.need("raft"));
    ServerArguments.address("client", client);
    ServerArguments.address("raft", raft);
    try {
      String policy = Policy.parse(a.text("policy", MasterConfig.DEFAULT_POLICY)).toString();
      return new MasterConfig(
          name,
          dir,
          client,
          raft,
          peers(a, name, raft, client),
          a.on("join"),
          policy,
          timing(a),
          raftSettings(a));
    } catch (IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()), e);
    }
  }

  private static List<Peer> peers(ServerArguments a, String name, String raft, String client)
      throws UsageException {
    List<Peer> peers = new ArrayList<>();
    for (String text : a.all("peers")) {
      int equals = text.indexOf('=');
      int slash = text.indexOf('/');
      if (equals < 1 || slash < equals) {
        throw new UsageException(
            "--peers must be a list of NAME=RAFT-ADDRESS/CLIENT-ADDRESS, as in m1=10.0.0.1:7425/10.0.0.1:7420, but has '"
                + text
                + "'");
      }
      peers.add(
          new Peer(
              text.substring(0, equals),
              ServerArguments.hostPort("peers", text.substring(equals + 1, slash)),
              ServerArguments.hostPort("peers", text.substring(slash + 1))));
    }
    if (peers.isEmpty()) {
      if (a.on("join")) {
        throw new UsageException(
            "--join needs --peers: at least one master of the cluster to join");
      }
      peers.add(new Peer(name, raft, client));
    }
    if (!a.on("join") && peers.stream().noneMatch(p -> p.name().equals(name))) {
      throw new UsageException(
          "--peers lists all masters of the cluster, but '" + name + "' is not among them");
    }
    if (peers.stream().map(Peer::name).distinct().count() < peers.size()) {
      throw new UsageException("--peers has a name twice");
    }
    return peers;
  }

  private static Timing timing(ServerArguments a) throws UsageException {
    Timing t = Timing.DEFAULT;
    Duration down = a.duration("down-after", t.downAfter());
    Duration suspect =
        a.duration("suspect-after", down.compareTo(t.suspectAfter()) < 0 ? down : t.suspectAfter());
    return new Timing(
        suspect,
        down,
        a.duration("lease-timeout", t.leaseTimeout()),
        a.duration("session-timeout", t.sessionTimeout()),
        a.duration("report-period", t.reportPeriod()),
        a.duration("token-life", t.tokenLife()),
        a.duration("key-age", t.keyAge()),
        a.size("rebuild-rate", t.rebuildBytesPerSecond()));
  }

  private static RaftSettings raftSettings(ServerArguments a) throws UsageException {
    RaftSettings r = RaftSettings.DEFAULT;
    return new RaftSettings(
        a.duration("election-min", r.timeoutMin()),
        a.duration("election-max", r.timeoutMax()),
        a.integer("snapshot-entries", (int) r.snapshotThreshold(), 1_000, MAX_SNAPSHOT_ENTRIES),
        r.logPreserved(),
        r.segmentBytes(),
        !a.on("no-read-lease"),
        a.size("map-size", r.mapSizeBytes()),
        a.on("accept-torn-end"));
  }
}
