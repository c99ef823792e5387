package dev.ashlar.launcher;

import dev.ashlar.cli.FailedException;
import dev.ashlar.cli.Program;
import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.ClientConfig;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.ClusterStatus;
import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Waits until a cluster can be used: a leader, every server there, and a placement group that takes
 * writes.
 */
final class Readiness {
  static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final Duration MASTER_PATIENCE = Duration.ofSeconds(2);
  private static final long POLL_MS = 150;

  private Readiness() {}

  /**
   * @param dead names a process that ended, or is empty: then waiting makes no sense
   */
  static void await(ClusterSettings settings, Supplier<String> dead)
      throws IOException, InterruptedException {
    long start = System.nanoTime();
    long deadline = start + PATIENCE.toNanos();
    try (AshlarFileSystem fs =
        AshlarFileSystem.connect(
            ClientConfig.of(settings.masterAddresses()).withMasterDeadline(MASTER_PATIENCE))) {
      while (true) {
        String missing = look(fs, settings, (System.nanoTime() - start) / 1_000_000);
        if (missing.isEmpty()) {
          return;
        }
        String ended = dead.get();
        if (!ended.isEmpty()) {
          throw new FailedException(ended);
        }
        if (deadline - System.nanoTime() < 0) {
          throw new FailedException(
              "The cluster is not ready after "
                  + PATIENCE.toSeconds()
                  + " s: "
                  + missing
                  + ". The logs are in the cluster's directory");
        }
        TimeUnit.MILLISECONDS.sleep(POLL_MS);
      }
    }
  }

  private static String look(AshlarFileSystem fs, ClusterSettings settings, long elapsedMs) {
    try {
      return missing(fs.status(), settings, elapsedMs);
    } catch (AshlarException e) {
      return Program.explain(e);
    }
  }

  /**
   * What is not there yet, empty if all is.
   *
   * @param elapsedMs since the servers were started: what was heard of them before does not count
   */
  static String missing(ClusterStatus s, ClusterSettings settings, long elapsedMs) {
    if (s.leader().isEmpty()) {
      return "the masters have no leader";
    }
    if (!s.answeredBy().equals(s.leader())) {
      return "the leader, " + s.leader() + ", does not answer";
    }
    Set<String> absent = new TreeSet<>(settings.masterNames());
    s.masters().stream()
        .filter(m -> m.reachable() || m.leader())
        .forEach(m -> absent.remove(m.name()));
    if (!absent.isEmpty()) {
      return "no word from " + String.join(", ", absent);
    }
    absent.addAll(settings.serverNames());
    s.servers().stream()
        .filter(x -> x.state().equals("up") && x.silentMs() < elapsedMs)
        .forEach(x -> absent.remove(x.name()));
    if (!absent.isEmpty()) {
      return "no word from " + String.join(", ", absent);
    }
    int tolerated =
        Policy.parse(settings.policy()).width() - Policy.parse(settings.policy()).minimumBlocks();
    boolean writable = s.groups().stream().anyMatch(g -> g.missing() <= tolerated);
    return writable ? "" : "no placement group can take writes";
  }
}
