package dev.ashlar.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The planted bugs can still be planted: what each patch takes away is there. Whether they are
 * noticed takes an hour to see, with {@code simulation/plants/run}.
 */
class PlantsTest {
  private static final Path PLANTS = Path.of("plants");

  @Test
  void everyPatchApplies() throws IOException {
    List<String> stale = new ArrayList<>();
    int patches = 0;
    try (Stream<Path> all = Files.list(PLANTS)) {
      for (Path patch : all.filter(p -> p.toString().endsWith(".patch")).sorted().toList()) {
        patches++;
        stale(patch, stale);
      }
    }
    assertTrue(patches >= 30, "There are " + patches + " planted bugs");
    assertEquals(List.of(), stale);
  }

  private static void stale(Path patch, List<String> stale) throws IOException {
    List<String> lines = Files.readAllLines(patch);
    assertTrue(lines.get(0).startsWith("# "), () -> patch + " does not say what is wrong");
    assertTrue(
        lines.get(1).startsWith("# caught by: "), () -> patch + " does not say who notices it");
    String source = "";
    StringBuilder before = new StringBuilder();
    for (String line : Stream.concat(lines.stream(), Stream.of("@@")).toList()) {
      if (line.startsWith("--- ") || line.startsWith("@@") || line.startsWith("diff ")) {
        if (!source.contains(before)) {
          stale.add(patch + ": " + before.toString().strip());
        }
        before.setLength(0);
      }
      if (line.startsWith("--- a/")) {
        source = Files.readString(Path.of("..").resolve(line.substring("--- a/".length())));
      } else if (!line.startsWith("--- ")
          && !line.startsWith("@@")
          && (line.startsWith(" ") || line.startsWith("-"))) {
        before.append(line, 1, line.length()).append('\n');
      }
    }
  }
}
