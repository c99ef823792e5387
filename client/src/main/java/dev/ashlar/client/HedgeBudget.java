package dev.ashlar.client;

/**
 * Allows extra requests as a share of all, with a small reserve, so that a slow cluster is not made
 * slower by asking everything twice. Thread-safe.
 */
final class HedgeBudget {
  private static final double RESERVE = 16;

  private final double share;
  private double tokens = RESERVE;

  HedgeBudget(double share) {
    this.share = share;
  }

  /** A regular request was sent. */
  synchronized void earned() {
    tokens = Math.min(RESERVE, tokens + share);
  }

  /** Whether an extra request may be sent now. */
  synchronized boolean trySpend() {
    if (tokens < 1) {
      return false;
    }
    tokens--;
    return true;
  }
}
