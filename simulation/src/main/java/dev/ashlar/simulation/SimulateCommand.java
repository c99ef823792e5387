package dev.ashlar.simulation;

import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.ExitCode;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.UsageException;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

/** simulate: whole clusters in one thread, with faults, from seeds. */
public final class SimulateCommand implements CliCommand {
  private static final int MOST = 1_000_000_000;

  @Override
  public String name() {
    return "simulate";
  }

  @Override
  public String summary() {
    return "run whole clusters in one thread with faults drawn from seeds, and check them";
  }

  @Override
  public String arguments() {
    return "[--seeds N] [--seed S] [--steps N] [--first] [--verbose]";
  }

  @Override
  public String details() {
    return """
    Each seed stands for a cluster (masters, chunk servers, clients: the real ones, on simulated time, network and disks), what its clients do, and what goes wrong.
    What clients read is compared with a model; after each round of faults the cluster must become whole again. A seed that breaks something is run again for
    its trace, shrunk to few faults, and printed; the same seed always does the same, which the printed hash shows. Exit code 0 only if nothing broke.
    """;
  }

  private static Option option(String name, String value, String what) {
    return Option.builder().longOpt(name).hasArg().argName(value).desc(what).get();
  }

  @Override
  public Options options() {
    return new Options()
        .addOption(option("seeds", "N", "how many seeds to run, from --seed on (default 10)"))
        .addOption(option("seed", "S", "the first seed, or the only one (default: by the clock)"))
        .addOption(option("steps", "N", "rounds of faults and healing for each seed (default 3)"))
        .addOption(
            Option.builder()
                .longOpt("first")
                .desc("end with the first seed that breaks something, as it is")
                .get())
        .addOption(Option.builder().longOpt("verbose").desc("print every event").get());
  }

  @Override
  public List<String> examples() {
    return List.of("bin/ashlar simulate --seeds 1000", "bin/ashlar simulate --seed 42 --verbose");
  }

  @Override
  public int run(Invocation in) throws UsageException {
    in.operands(0, 0, "no operand");
    boolean one = in.has("seed");
    long first = in.integer("seed", (int) (System.nanoTime() % MOST), 0, Integer.MAX_VALUE);
    int seeds = in.integer("seeds", one ? 1 : 10, 1, MOST);
    int rounds = in.integer("steps", 3, 1, 1000);
    boolean verbose = in.has("verbose");
    boolean untilBroken = in.has("first");
    PrintStream out = in.terminal().out();
    return Runner.inOneThread(() -> {
      long begun = System.nanoTime();
      long simulated = 0;
      int broken = 0;
      for (int i = 0; i < seeds; i++) {
        Simulation.Outcome o = Simulation.run(Plan.of(first + i, rounds), verbose ? out : null);
        simulated += o.simulatedNs();
        out.println(o.line());
        if (o.violation() != null) {
          broken++;
          if (untilBroken) {
            break;
          }
          explain(o, out);
        }
        out.flush();
      }
      double minutes = (System.nanoTime() - begun) / 60e9;
      out.printf(
          Locale.ROOT,
          "%d seeds, %d broken; %.1f simulated hours in %.1f minutes: %.1f per minute%n",
          seeds,
          broken,
          simulated / 3.6e12,
          minutes,
          simulated / 3.6e12 / minutes);
      return broken == 0 ? ExitCode.GOOD : ExitCode.FAILED;
    });
  }

  private static void explain(Simulation.Outcome o, PrintStream out) {
    Simulation.Outcome again = Simulation.run(o.plan(), null);
    out.println(
        again.hash() == o.hash()
            ? "  the same again, with the same hash"
            : "  NOT the same again: hash " + Long.toHexString(again.hash()));
    Simulation.Outcome least = new Shrinker(60).shrink(o);
    out.println(
        "  broken also with these faults alone ("
            + least.plan().rounds()
            + " rounds): "
            + (least.violation() == null ? "" : least.violation().getMessage()));
    least.plan().faults().forEach(f -> out.println("    " + f));
    Throwable v = o.violation();
    if (v != null && !(v instanceof Violation && v.getCause() == null)) {
      v.printStackTrace(out);
    }
  }
}
