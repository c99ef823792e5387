package dev.ashlar.torture;

import dev.ashlar.cli.Progress;
import dev.ashlar.cli.Terminal;
import dev.ashlar.cli.command.WaitHealthyCommand;
import dev.ashlar.cli.fsck.ClusterFsck;
import dev.ashlar.cli.fsck.Fsck;
import dev.ashlar.cli.fsck.FsckReport;
import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.protocol.message.ClusterStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Whether a cluster is whole, as its own tools say. For one thread. */
final class Health {
  private static final Duration LIMIT = Duration.ofMinutes(5);
  private static final Duration QUIET = Duration.ofMinutes(1);

  private final Supplier<AshlarFileSystem> files;
  private final Terminal terminal;
  private final int servers;

  /**
   * @param servers how many there are
   */
  Health(Supplier<AshlarFileSystem> files, Terminal terminal, int servers) {
    this.files = files;
    this.terminal = terminal.unwatched();
    this.servers = servers;
  }

  /** Waits until all servers serve and every chunk has all its blocks. */
  void awaitWhole(Runnable check) {
    long start = System.nanoTime();
    List<String> last = new ArrayList<>();
    try {
      Await.until(
          "the cluster is whole",
          LIMIT,
          () -> {
            check.run();
            long elapsedMs = (System.nanoTime() - start) / 1_000_000;
            ClusterStatus status = files.get().status();
            last.clear();
            last.add(WaitHealthyCommand.missing(status, elapsedMs));
            last.add(notServing(status));
            return last.stream().allMatch(String::isEmpty);
          });
    } catch (AssertionError e) {
      e.addSuppressed(new AssertionError(String.join("; ", last)));
      throw e;
    }
  }

  private String notServing(ClusterStatus status) {
    long up = status.disks().stream().filter(d -> d.state().equals("up")).count();
    return up >= servers ? "" : up + " disks of " + servers + " servers are up: " + status.disks();
  }

  /**
   * Waits until every byte of every block was read and found right. What is wrong must be repaired
   * without being told; while clients write, a file may change under the check, which is tried
   * again.
   */
  void awaitClean(Runnable check) {
    List<String> problems = new ArrayList<>();
    try {
      Await.until(
          "fsck --verify is clean",
          LIMIT,
          () -> {
            check.run();
            problems.clear();
            return fsck(problems).clean();
          });
    } catch (AssertionError e) {
      e.addSuppressed(new AssertionError(String.join("\n", problems)));
      throw e;
    }
  }

  FsckReport fsck(List<String> problems) throws Exception {
    try (ClusterFsck cluster = new ClusterFsck(files.get());
        Progress progress = Progress.start("fsck", terminal)) {
      return new Fsck(cluster, progress, p -> problems.add(p.toString())).run("/", null, true);
    }
  }

  /** Waits until the masters say that a number of disks does not serve. */
  void awaitDown(int count) {
    Await.until(
        count + " disks are down",
        QUIET,
        () ->
            files.get().status().disks().stream().filter(d -> d.state().equals("up")).count()
                <= servers - count);
  }

  /** Waits until all servers serve, whatever they lack, and nothing more can be rebuilt. */
  void awaitServing() {
    Await.until(
        "all servers serve, and what can be rebuilt is",
        LIMIT,
        () -> {
          ClusterStatus s = files.get().status();
          return !s.leader().isEmpty()
              && notServing(s).isEmpty()
              && s.redundancy().degraded() == 0
              && s.redundancy().whole() + s.redundancy().lost() == s.redundancy().chunks();
        });
  }

  ClusterStatus status() throws Exception {
    return files.get().status();
  }
}
