package dev.ashlar.master.state;

import dev.ashlar.protocol.Policy;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Policies by their text. Every chunk looked at needs its policy, and there are few of them, so
 * parsed ones are kept. Thread-safe.
 */
final class Policies {
  private static final int MAX_KEPT = 1000;
  private static final ConcurrentHashMap<String, Policy> KEPT = new ConcurrentHashMap<>();

  private Policies() {}

  /**
   * @throws IllegalArgumentException see {@link Policy#parse}
   */
  static Policy of(String text) {
    Policy known = KEPT.get(text);
    if (known != null) {
      return known;
    }
    Policy policy = Policy.parse(text);
    if (KEPT.size() < MAX_KEPT) {
      KEPT.put(text, policy);
    }
    return policy;
  }
}
