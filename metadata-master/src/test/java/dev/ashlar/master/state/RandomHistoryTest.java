package dev.ashlar.master.state;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.master.store.MemoryStore;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Long random histories of commands, judged step by step by {@link NaiveFs}, by {@link Invariants},
 * by a second replica on another kind of store, and by a record of which disk really got which
 * block. A failure names its seed; put it into the list of the first test to run it alone.
 */
final class RandomHistoryTest {
  @TempDir Path dir;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void agreesWithTheModel(long seed) {
    run(seed, 1500);
  }

  @Tag("slow")
  @ParameterizedTest
  @ValueSource(longs = {100, 101, 102, 103, 104, 105, 106, 107, 108, 109})
  void agreesWithTheModelForLong(long seed) {
    run(seed, 20_000);
  }

  private void run(long seed, int steps) {
    try (World one = new World(new MemoryStore(), "rs-3-2");
        World two = new World(StoreKind.LMDB.open(dir), "rs-3-2")) {
      RandomHistory history = new RandomHistory(seed, one, two);
      for (int i = 0; i < steps; i++) {
        try {
          history.step(i);
        } catch (AssertionError | RuntimeException e) {
          throw new AssertionError(
              "seed "
                  + seed
                  + ", step "
                  + i
                  + ", command "
                  + history.last()
                  + ": "
                  + e.getMessage(),
              e);
        }
      }
      assertTrue(history.done > steps / 4, () -> "too little succeeded: " + history.done);
    }
  }
}
