package dev.ashlar.torture;

import dev.ashlar.cli.Terminal;
import dev.ashlar.torture.faultfs.FaultFs;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** One run: a cluster, clients, trouble, and the verdict. */
public final class Torture {
  private static final long CLEAN_UP_S = 60;

  private final Program program;
  private final Path dir;
  private final int port;
  private final Terminal terminal;
  private final PrintStream out;
  private final CountDownLatch done = new CountDownLatch(1);

  /**
   * @param dir an empty directory, or none yet
   * @param port the first of some 20 ports on the loopback address, used only where there are no
   *     network namespaces
   */
  public Torture(Program program, Path dir, int port, Terminal terminal) {
    this.program = program;
    this.dir = dir;
    this.port = port;
    this.terminal = terminal;
    this.out = terminal.out();
  }

  /**
   * Runs rounds until the time is over, at least one, then goes beyond the tolerance if asked to.
   *
   * @return whether nothing was violated; what was is printed
   */
  public boolean run(long seed, Duration time, boolean beyond) throws IOException {
    Plan plan = Plan.of(seed);
    Optional<String> noLayer = FaultFs.whyNot();
    out.println("seed " + seed + ": " + plan);
    out.println(
        "disks: "
            + noLayer
                .map(why -> "plain directories, without faults of their own: " + why)
                .orElse("on a file system that fails on command"));
    Files.createDirectories(dir);
    Thread hook = cleanUpOnSignal();
    Runtime.getRuntime().addShutdownHook(hook);
    try (Network network = network(plan)) {
      out.println("network: " + network.description());
      try (TortureCluster cluster = TortureCluster.make(dir, network, program, plan, noLayer)) {
        return judged(seed, () -> rounds(cluster, plan, time, beyond), cluster);
      }
    } finally {
      done.countDown();
    }
  }

  /** Processes, mounts and namespaces must not outlive this process when somebody ends it. */
  private Thread cleanUpOnSignal() {
    Thread main = Thread.currentThread();
    return new Thread(
        () -> {
          if (done.getCount() > 0) {
            main.interrupt();
            try {
              var _ = done.await(CLEAN_UP_S, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          }
        },
        "torture-clean-up");
  }

  private interface Run {
    void run() throws Exception;
  }

  private boolean judged(long seed, Run run, TortureCluster cluster) {
    try {
      run.run();
      out.println("nothing was violated, seed " + seed);
      return true;
    } catch (InterruptedException e) {
      out.println("interrupted, seed " + seed);
      return false;
    } catch (Exception | AssertionError e) {
      out.println("VIOLATED, seed " + seed + ": " + e.getMessage());
      e.printStackTrace(out);
      cluster.all().stream().filter(m -> !m.running()).forEach(m -> out.print(m.lastWords()));
      out.println("logs and disks are in " + dir);
      return false;
    } finally {
      var _ = Thread.interrupted(); // what follows must be done in any case
      out.flush();
    }
  }

  private Network network(Plan plan) {
    int members = plan.masters() + plan.servers();
    try {
      return NamespaceNetwork.make(members, (int) ProcessHandle.current().pid());
    } catch (IOException e) {
      return new LoopbackNetwork(port, String.valueOf(e.getMessage()));
    }
  }

  private void rounds(TortureCluster cluster, Plan plan, Duration time, boolean beyond)
      throws Exception {
    Random random = new Random(plan.seed());
    cluster.start();
    try (Workload workload = new Workload(cluster.address(), plan, random)) {
      Health health = new Health(workload::asking, terminal, plan.servers());
      health.awaitWhole(() -> {});
      long begun = System.nanoTime();
      workload.start();
      Rounds rounds = new Rounds(cluster, plan, workload, health, random, out);
      do {
        rounds.run();
      } while (System.nanoTime() - begun < time.toNanos());
      workload.stop();
      workload.verify();
      health.awaitWhole(() -> {});
      health.awaitClean(() -> {});
      out.println("everything acknowledged is there, and whole");
      if (beyond) {
        BeyondTolerance end = new BeyondTolerance(cluster, plan, workload, health, random, out);
        end.away();
        end.destroyed();
      }
      out.printf(
          Locale.ROOT,
          "%d rounds in %.1f minutes: %d answers, %d unknown outcomes, %d histories; %s%n",
          rounds.rounds(),
          (System.nanoTime() - begun) / 60e9,
          workload.answered(),
          workload.unknown(),
          workload.histories(),
          rounds.counts());
    }
  }
}
