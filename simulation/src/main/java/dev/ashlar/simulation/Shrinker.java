package dev.ashlar.simulation;

import java.util.ArrayList;
import java.util.List;

/** Finds a short list of faults that still breaks something. */
final class Shrinker {
  private int runsLeft;

  /**
   * @param runs to spend at most
   */
  Shrinker(int runs) {
    runsLeft = runs;
  }

  /** Leaves out ever smaller parts of the faults, as long as something breaks without them. */
  Simulation.Outcome shrink(Simulation.Outcome broken) {
    Simulation.Outcome best = shorter(broken);
    int part = Math.max(1, best.plan().faults().size() / 2);
    while (part >= 1 && runsLeft > 0) {
      boolean less = false;
      int from = 0;
      while (from < best.plan().faults().size() && runsLeft > 0) {
        List<Fault> all = best.plan().faults();
        List<Fault> fewer = new ArrayList<>(all.subList(0, from));
        fewer.addAll(all.subList(Math.min(all.size(), from + part), all.size()));
        Simulation.Outcome again = attempt(best.plan().with(fewer));
        if (again.violation() != null) {
          best = again;
          less = true;
        } else {
          from += part;
        }
      }
      part = less && part > 1 || part > 1 ? part / 2 : 0;
    }
    return best;
  }

  /** Without the rounds after the one that broke. */
  private Simulation.Outcome shorter(Simulation.Outcome broken) {
    Simulation.Outcome best = broken;
    for (int rounds = 1; rounds < broken.plan().rounds() && runsLeft > 0; rounds++) {
      Plan p = broken.plan();
      int most = rounds;
      Plan cut =
          new Plan(
              p.seed(),
              p.masters(),
              p.servers(),
              p.clients(),
              p.policies(),
              rounds,
              false,
              p.faults().stream().filter(f -> f.round() < most).toList());
      Simulation.Outcome again = attempt(cut);
      if (again.violation() != null) {
        best = again;
        break;
      }
    }
    return best;
  }

  private Simulation.Outcome attempt(Plan plan) {
    runsLeft--;
    return Simulation.run(plan, null);
  }
}
