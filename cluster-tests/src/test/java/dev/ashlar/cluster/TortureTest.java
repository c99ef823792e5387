package dev.ashlar.cluster;

import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A real cluster under real faults, as {@code bin/ashlar torture} runs it. Where the rights for
 * disks that fail or for network namespaces are missing, it says so and does without them.
 */
class TortureTest {
  private static final int SEEDS = 1 << 30;

  @Test
  void aRoundOfTroubleHarmsNothing() {
    torture(0, "--tolerable");
  }

  /** {@code -Dashlar.rounds=N} minutes. */
  @Test
  @Tag("slow")
  void manyRoundsHarmNothingAndTooMuchIsTold() {
    torture(Integer.getInteger("ashlar.rounds", 30));
  }

  private static void torture(int minutes, String... more) {
    int seed = Seed.of(TortureTest.class).random().nextInt(SEEDS);
    String[] arguments = {"torture", "--minutes", "" + minutes, "--seed", "" + seed};
    String[] all = java.util.Arrays.copyOf(arguments, arguments.length + more.length);
    System.arraycopy(more, 0, all, arguments.length, more.length);
    Shell.Result result = Shell.ashlar(Duration.ofMinutes(minutes + 15L), all).mustSucceed();
    System.out.println(result.out());
  }
}
