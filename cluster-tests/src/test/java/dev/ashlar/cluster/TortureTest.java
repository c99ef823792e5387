package dev.ashlar.cluster;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A real cluster under real faults, as {@code bin/ashlar torture} runs it. Where the rights for
 * disks that fail or for network namespaces are missing, it says so and does without them.
 */
class TortureTest {
  private static final int SEEDS = 1 << 30;

  @Test
  void aRoundOfTroubleHarmsNothing() throws IOException {
    torture(0, "--tolerable");
  }

  /** {@code -Dashlar.rounds=N} minutes. */
  @Test
  @Tag("slow")
  void manyRoundsHarmNothingAndTooMuchIsTold() throws IOException {
    torture(Integer.getInteger("ashlar.rounds", 30));
  }

  private static void torture(int minutes, String... more) throws IOException {
    int seed = Seed.of(TortureTest.class).random().nextInt(SEEDS);
    List<String> arguments = new ArrayList<>(List.of("torture", "--minutes", "" + minutes));
    arguments.addAll(List.of("--seed", "" + seed, "--port", "" + LocalCluster.freePorts()));
    arguments.addAll(List.of(more));
    Shell.Result result =
        Shell.ashlar(Duration.ofMinutes(minutes + 15L), arguments.toArray(String[]::new));
    System.out.println(result.out());
    result.mustSucceed();
  }
}
