package dev.ashlar.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DurationsTest {
  @ParameterizedTest
  @CsvSource({
    "500ms,500",
    "90s,90000",
    "2m,120000",
    "1.5h,5400000",
    "14d,1209600000",
    "0s,0",
    "' 3 S ',3000"
  })
  void reads(String text, long ms) {
    assertEquals(Duration.ofMillis(ms), Durations.parse(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "5", "s", "-1s", "1 year", "1e3s", "99999999999s"})
  void refuses(String text) {
    assertThrows(IllegalArgumentException.class, () -> Durations.parse(text));
  }

  @ParameterizedTest
  @ValueSource(
      longs = {0, 1, 999, 1_000, 15_000, 60_000, 90_000, 3_600_000, 86_400_000, 86_400_001})
  void exactTextIsReadAsTheSame(long ms) {
    assertEquals(ms, Durations.parse(Durations.exact(Duration.ofMillis(ms))).toMillis());
  }

  @Test
  void shows() {
    assertEquals("850 ms", Durations.human(Duration.ofMillis(850)));
    assertEquals("4.2 s", Durations.human(Duration.ofMillis(4_200)));
    assertEquals("3 m 20 s", Durations.human(Duration.ofSeconds(200)));
    assertEquals("2 h 5 m", Durations.human(Duration.ofMinutes(125)));
    assertEquals("3 d 4 h", Durations.human(Duration.ofHours(76)));
  }
}
