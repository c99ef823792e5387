package dev.ashlar.chunkserver.store;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Records everything that a store does to its disk while it puts, appends, deletes, rebuilds,
 * compacts and restarts, and tries every point of it as a crash. {@code -Dashlar.seed=N} repeats a
 * run; {@code -Dashlar.rounds=N} is the number of seeds of the long form.
 */
@ExtendWith(QuietLog.class)
class CrashPointTest {
  private static final long SEED = Long.getLong("ashlar.seed", System.nanoTime() % 1_000_000);
  private static final int ROUNDS = Integer.getInteger("ashlar.rounds", 3);

  @ParameterizedTest
  @EnumSource
  void everyPointOfTheHistory(CrashScenario scenario) {
    boolean direct = (scenario.name().length() + SEED) % 2 == 0;
    run(scenario, direct, SEED % 3 > 0, SEED, new CrashPoints.Effort(1, 1, 1, 20));
  }

  @Tag("slow")
  @ParameterizedTest
  @EnumSource
  void everyPointOfTheHistoryAtLength(CrashScenario scenario) {
    for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
      for (boolean direct : new boolean[] {true, false}) {
        for (boolean punching : new boolean[] {true, false}) {
          run(scenario, direct, punching, seed, new CrashPoints.Effort(40, 8, 8, 4));
        }
      }
    }
  }

  private static void run(
      CrashScenario scenario,
      boolean direct,
      boolean punching,
      long seed,
      CrashPoints.Effort effort) {
    CrashIo.Kind kind = new CrashIo.Kind(direct, punching, scenario.capacity());
    String name =
        scenario + ", seed " + seed + (direct ? ", direct" : "") + (punching ? ", punching" : "");
    try {
      CrashScript script = new CrashScript(kind, seed);
      scenario.run(script);
      script.end();
      CrashPoints points = new CrashPoints(kind, effort, seed);
      points.all(script.history(), script.model);
      System.out.printf(
          "crash points of %s: %d changes, %d states, %d of them different%n",
          name, script.history().size(), points.tried, points.distinct);
      assertTrue(points.distinct > script.history().size() / 2, name);
    } catch (AssertionError | RuntimeException | IOException e) {
      throw new AssertionError(name, e);
    }
  }
}
