package dev.ashlar.erasure;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * The plans used last, at most {@link #CAPACITY}: a solved loss pattern costs more than coding a
 * small stripe. Thread-safe.
 */
final class PlanCache {
  /**
   * Every loss pattern of rs-6-3 rebuilt whole (84 of exactly three), and the usual ones of wider
   * codes.
   */
  static final int CAPACITY = 256;

  private final ReentrantLock lock = new ReentrantLock();

  private final Map<Pattern, Plan> plans =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Pattern, Plan> eldest) {
          return size() > CAPACITY;
        }
      };

  /** The plan for {@code pattern}; two threads that miss at once both solve it. */
  Plan get(Pattern pattern, Function<Pattern, Plan> solve) {
    lock.lock();
    try {
      Plan plan = plans.get(pattern);
      if (plan != null) {
        return plan;
      }
    } finally {
      lock.unlock();
    }
    Plan solved = solve.apply(pattern);
    lock.lock();
    try {
      Plan first = plans.putIfAbsent(pattern, solved);
      return first == null ? solved : first;
    } finally {
      lock.unlock();
    }
  }

  int size() {
    lock.lock();
    try {
      return plans.size();
    } finally {
      lock.unlock();
    }
  }
}
