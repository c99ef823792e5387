package dev.ashlar.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTest {
  private record Inner(int[] numbers, List<String> names) {}

  private record Outer(long id, boolean yes, Inner inner, Thread.State state) {}

  @Test
  void writesRecords() {
    Outer value =
        new Outer(
            Long.MIN_VALUE, true, new Inner(new int[] {1, 2}, List.of("a", "b")), Thread.State.NEW);
    assertEquals(
        "{\"id\":-9223372036854775808,\"yes\":true,\"inner\":{\"numbers\":[1,2],\"names\":[\"a\",\"b\"]},\"state\":\"NEW\"}",
        Json.compact(value));
  }

  @Test
  void escapesText() {
    assertEquals("\"a\\\"\\\\\\n\\u0001ä😀\\ud800\"", Json.compact("a\"\\\n\u0001ä😀\ud800"));
  }

  @Test
  void keepsTheOrderOfMapsAndKnowsNull() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("z", 1.5);
    map.put("a", List.of());
    assertEquals("{\"z\":1.5,\"a\":[]}", Json.compact(map));
    assertEquals("null", Json.compact(null));
    assertEquals("null", Json.compact(Double.NaN));
  }

  @Test
  void indents() {
    assertEquals(
        "{\n  \"numbers\": [],\n  \"names\": [\n    \"a\"\n  ]\n}",
        Json.pretty(new Inner(new int[0], List.of("a"))));
  }

  @Test
  void refusesWhatIsNoJson() {
    assertThrows(IllegalArgumentException.class, () -> Json.compact(new Object()));
  }
}
