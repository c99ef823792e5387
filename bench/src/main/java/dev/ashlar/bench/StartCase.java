package dev.ashlar.bench;

import dev.ashlar.bench.BenchCluster.Timed;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * How long a person waits: for a cluster that starts, from the command to the first file that is
 * stored; for a short command; and what all of it takes in one process.
 */
final class StartCase {
  private static final double MIB = 1 << 20;

  private final Settings settings;
  private final BenchCluster cluster;
  private final Consumer<Result> out;

  StartCase(Settings settings, BenchCluster cluster, Consumer<Result> out) {
    this.settings = settings;
    this.cluster = cluster;
    this.out = out;
  }

  /**
   * Starts the cluster anew, empty, and leaves it running.
   *
   * @param source a large file
   */
  void run(Path source) throws IOException {
    Path small = Path.of("/proc/self/status"); // any short file
    for (int i = 0; i < settings.repeat(); i++) {
      cluster.down();
      cluster.delete();
      start(cluster, small, "start of new servers");
    }
    commands(small);
    cluster.down();
    start(cluster, small, "start of servers with data");
    cluster.down();
    BenchCluster one = cluster.inOneProcess(settings);
    try {
      start(one, small, "start, all in one process");
      memory(one, "one process, at rest");
      one.run("put", source.toString(), "/big");
      one.run("get", "/big", "-");
      memory(one, "one process, after a put and a get");
    } finally {
      one.close();
      cluster.up();
    }
  }

  private void start(BenchCluster started, Path small, String name) throws IOException {
    long begin = System.nanoTime();
    started.up();
    double up = (System.nanoTime() - begin) / 1e9;
    started.run("put", small.toString(), "/first-" + begin);
    double all = (System.nanoTime() - begin) / 1e9;
    Usage usage = started.usage();
    out.accept(
        Result.of(name)
            .with("up-s", up)
            .with("to-first-put-s", all)
            .with("servers-cpu-s", usage.cpuSeconds()));
  }

  private void commands(Path small) throws IOException {
    cluster.run("put", small.toString(), "/short");
    for (List<String> command :
        List.of(
            List.of("stat", "/short"),
            List.of("ls", "/"),
            List.of("get", "/short", "-"),
            List.of("put", small.toString(), "/short"))) {
      double[] seconds = new double[4 + settings.repeat()];
      double cpu = 0;
      for (int i = 0; i < seconds.length; i++) {
        Timed timed = cluster.run(command.toArray(String[]::new));
        seconds[i] = timed.wallSeconds();
        cpu += timed.cpuSeconds();
      }
      double[] sorted =
          IntStream.range(0, seconds.length).mapToDouble(i -> seconds[i]).sorted().toArray();
      out.accept(
          Result.of("command " + command.getFirst())
              .with("p50-s", sorted[sorted.length / 2])
              .with("longest-s", sorted[sorted.length - 1])
              .with("client-cpu-s", cpu / seconds.length));
    }
  }

  private void memory(BenchCluster of, String name) throws IOException {
    Usage usage = of.usage();
    out.accept(
        Result.of(name)
            .with("rss-MiB", usage.residentBytes() / MIB)
            .with("pss-MiB", usage.proportionalBytes() / MIB));
  }
}
