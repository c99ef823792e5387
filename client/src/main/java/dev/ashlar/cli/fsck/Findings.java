package dev.ashlar.cli.fsck;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Collects problems: counts all, keeps a bounded number, and tells each kept one at once.
 * Thread-safe.
 */
final class Findings {
  static final int KEPT = 1_000;

  private final Map<Problem.Kind, Long> counts = new EnumMap<>(Problem.Kind.class);
  private final List<Problem> kept = new ArrayList<>();
  private final Consumer<Problem> listener;

  Findings(Consumer<Problem> listener) {
    this.listener = listener;
  }

  synchronized void add(Problem p) {
    counts.merge(p.kind(), 1L, Long::sum);
    if (kept.size() < KEPT) {
      kept.add(p);
      listener.accept(p);
    }
  }

  synchronized Map<Problem.Kind, Long> counts() {
    return new EnumMap<>(counts);
  }

  synchronized List<Problem> kept() {
    return List.copyOf(kept);
  }
}
