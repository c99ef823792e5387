package dev.ashlar.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Some seeds that are always the same, some that never are, and that a seed is one run. */
class SimulationTest {
  private static final List<Long> FIXED = List.of(1L, 4L, 13L, 18L);
  private static final int RANDOM = Integer.getInteger("ashlar.seeds", 4);

  private static List<Simulation.Outcome> run(List<Long> seeds, int rounds) {
    List<Simulation.Outcome> outcomes = new ArrayList<>();
    int _ =
        Runner.inOneThread(() -> {
          seeds.forEach(s -> outcomes.add(Simulation.run(Plan.of(s, rounds), null)));
          return 0;
        });
    return outcomes;
  }

  private static void good(List<Simulation.Outcome> outcomes) {
    for (Simulation.Outcome o : outcomes) {
      System.out.println(o.line());
      assertNull(o.violation(), o::line);
      assertTrue(o.writes() > 20, o::line);
    }
  }

  @Test
  void fixedSeedsBreakNothing() {
    good(run(FIXED, 1));
  }

  @Test
  void randomSeedsBreakNothing() {
    long first = Long.getLong("ashlar.seed", System.nanoTime() % 1_000_000_000);
    System.out.println("seeds from " + first + " (-Dashlar.seed=" + first + ")");
    List<Long> seeds = new ArrayList<>();
    for (int i = 0; i < RANDOM; i++) {
      seeds.add(first + i);
    }
    good(run(seeds, 1));
  }

  @Test
  void aSeedAlwaysDoesTheSame() {
    long seed = Long.getLong("ashlar.seed", new Random().nextInt(1_000_000));
    System.out.println("seed " + seed + " (-Dashlar.seed=" + seed + ")");
    List<Simulation.Outcome> both = run(List.of(seed, seed, seed + 1), 1);
    assertEquals(both.get(0).hash(), both.get(1).hash(), () -> "seed " + seed);
    assertEquals(both.get(0).events(), both.get(1).events(), () -> "seed " + seed);
    assertNotEquals(both.get(0).hash(), both.get(2).hash(), () -> "seed " + seed);
  }
}
