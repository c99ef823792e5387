package dev.ashlar.launcher;

import dev.ashlar.chunkserver.server.ChunkServer;
import dev.ashlar.chunkserver.server.ChunkServerConfig;
import dev.ashlar.chunkserver.server.ChunkServerConfig.DiskDir;
import dev.ashlar.chunkserver.server.ChunkServerConfig.RebuildLimits;
import dev.ashlar.chunkserver.server.ChunkServerConfig.Timing;
import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.UsageException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

/** chunk-server: one server with its disks, in the foreground. */
final class ChunkServerCommand implements CliCommand {
  private static final int MAX_SLOTS = 64;

  @Override
  public String name() {
    return "chunk-server";
  }

  @Override
  public String summary() {
    return "run one chunk server of a real cluster";
  }

  @Override
  public String arguments() {
    return "--name NAME --listen HOST:PORT --masters HOST:PORT,... --disk DIR[=SIZE]... [FLAG]...";
  }

  @Override
  public String details() {
    return "Serves in the foreground until SIGTERM or Ctrl-C. Each --disk is a directory, best on a device of its own; SIZE is the most that is used of it.";
  }

  @Override
  public Options options() {
    Options options = ServerArguments.common();
    options.addOption(
        ServerArguments.option(
            "name", "NAME", "unique in the cluster, the same after every restart"));
    options.addOption(ServerArguments.option("listen", "HOST:PORT", "where it takes requests"));
    options.addOption(
        ServerArguments.option(
            "advertise",
            "HOST:PORT",
            "what the others are told of that (default: the listening address)"));
    options.addOption(
        ServerArguments.option("masters", "HOST:PORT,...", "client addresses of the masters"));
    options.addOption(
        Option.builder()
            .longOpt("disk")
            .hasArgs()
            .argName("DIR[=SIZE]")
            .desc("data directory, made if missing; once for each disk")
            .get());
    options.addOption(
        ServerArguments.option(
            "domain",
            "LABEL",
            "failure domain, such as host or rack; groups spread over different ones (default: the name)"));
    options.addOption(
        ServerArguments.option("heartbeat", "TIME", "between heartbeats (default 1s)"));
    options.addOption(
        ServerArguments.option(
            "disk-check", "TIME", "between looks at each disk's directory (default 1s)"));
    options.addOption(
        ServerArguments.option(
            "disk-hang",
            "TIME",
            "a disk that does not answer for so long has failed (default 2m)"));
    options.addOption(
        ServerArguments.option(
            "scrub-period",
            "TIME",
            "every block is re-read and checked within this (default 14d)"));
    options.addOption(
        ServerArguments.option(
            "scrub-rate",
            "SIZE",
            "most bytes per second that the scrub of one disk reads (default 64m)"));
    options.addOption(
        ServerArguments.option("rebuild-slots", "N", "blocks rebuilt at a time (default 2)"));
    options.addOption(
        ServerArguments.option(
            "rebuild-rate", "SIZE", "most bytes per second of all rebuilds here (default 1g)"));
    options.addOption(
        ServerArguments.option(
            "rebuild-busy-rate", "SIZE", "the same while clients are served (default 256m)"));
    return options;
  }

  @Override
  public List<String> examples() {
    return List.of(
        "bin/ashlar chunk-server --name store-7 --listen 10.0.0.17:7430 --masters 10.0.0.1:7420,10.0.0.2:7420,10.0.0.3:7420 --disk /disks/a --disk /disks/b=4t",
        "bin/ashlar chunk-server --config /etc/ashlar/store-7.properties");
  }

  @Override
  public int run(Invocation in) throws UsageException, IOException, InterruptedException {
    ServerArguments a = ServerArguments.of(in, options());
    ChunkServerConfig config = config(a);
    String what = "Chunk server " + config.name();
    return Serving.serve(a, what, () -> start(config, what));
  }

  private static AutoCloseable start(ChunkServerConfig config, String what) throws IOException {
    try {
      return ChunkServer.start(config);
    } catch (IOException e) {
      throw Serving.explained(
          what, config.bind().getHostString() + ":" + config.bind().getPort(), e);
    }
  }

  static ChunkServerConfig config(ServerArguments a) throws UsageException {
    String name = a.need("name");
    String listen = a.need("listen");
    List<String> masters = new ArrayList<>();
    for (String master : a.all("masters")) {
      masters.add(ServerArguments.hostPort("masters", master));
    }
    Timing t = Timing.DEFAULT;
    RebuildLimits r = RebuildLimits.DEFAULT;
    try {
      return new ChunkServerConfig(
          name,
          ServerArguments.address("listen", listen),
          a.text("advertise") == null
              ? ""
              : ServerArguments.hostPort("advertise", a.need("advertise")),
          masters,
          disks(a),
          a.text("domain", name),
          new Timing(
              a.duration("heartbeat", t.heartbeat()),
              a.duration("disk-check", t.diskCheck()),
              a.duration("disk-hang", t.diskHang()),
              a.duration("scrub-period", t.scrubPeriod()),
              a.size("scrub-rate", t.scrubBytesPerSecond())),
          new RebuildLimits(
              a.integer("rebuild-slots", r.slots(), 1, MAX_SLOTS),
              a.size("rebuild-rate", r.bytesPerSecond()),
              a.size("rebuild-busy-rate", r.busyBytesPerSecond()),
              r.rangeBytes(),
              r.slowSource()),
          ChunkServerConfig.REPORT_BLOCKS);
    } catch (IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()), e);
    }
  }

  private static List<DiskDir> disks(ServerArguments a) throws UsageException {
    List<DiskDir> disks = new ArrayList<>();
    for (String text : a.all("disk")) {
      int equals = text.lastIndexOf('=');
      Path path =
          Path.of(equals < 0 ? text : text.substring(0, equals)).toAbsolutePath().normalize();
      disks.add(
          new DiskDir(
              path, equals < 0 ? 0 : ServerArguments.size("disk", text.substring(equals + 1))));
    }
    return disks;
  }
}
