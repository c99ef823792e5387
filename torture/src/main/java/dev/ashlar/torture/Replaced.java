package dev.ashlar.torture;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A file of several chunks that one client replaces as a whole again and again while others read
 * it. Thread-safe.
 */
final class Replaced {
  /**
   * The name now in use, and what is known of it.
   *
   * @param floor no reader that begins now may see an older stamp: acknowledged, or seen by anybody
   */
  record State(String name, AtomicInteger floor) {}

  private final AtomicReference<State> state = new AtomicReference<>(state(0));
  private final AtomicInteger generation = new AtomicInteger();

  private static State state(int generation) {
    return new State("whole-" + generation, new AtomicInteger());
  }

  State now() {
    return state.get();
  }

  /** Its outcome is unknown, and what comes late must not disturb what comes next: another name. */
  void next() {
    state.set(state(generation.incrementAndGet()));
  }
}
