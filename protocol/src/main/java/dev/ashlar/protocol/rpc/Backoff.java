package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.AshlarException;
import org.jspecify.annotations.Nullable;

/**
 * How soon to try again to connect to an address: failures close the door for 100 ms, doubling to 1
 * s, while requests fail at once instead of waiting. Where the attempt ran out of time (a host that
 * is gone or stopped) the door also stays closed during the next attempt, so that only the first
 * request ever waits for such a server.
 *
 * <p>Written by the lane's event loop, read by any thread.
 */
final class Backoff {
  private static final long FIRST_NS = 100_000_000;
  private static final long LAST_NS = 1_000_000_000;

  private volatile @Nullable Closed closed;
  private long nextNs = FIRST_NS;

  /**
   * The door is closed.
   *
   * @param duringAttempt also while connecting again
   */
  private record Closed(AshlarException reason, long untilNs, boolean duringAttempt) {}

  /**
   * Why a request would fail at once, or null if it may wait for a connection.
   *
   * @param connecting an attempt is under way
   */
  @Nullable AshlarException reason(long nowNs, boolean connecting) {
    Closed now = closed;
    if (now == null || now.untilNs - nowNs <= 0 && !(connecting && now.duringAttempt)) {
      return null;
    }
    return new AshlarException(
        now.reason.code(), String.valueOf(now.reason.getMessage()), now.reason);
  }

  void failed(AshlarException reason, long nowNs, boolean outOfTime) {
    closed = new Closed(reason, nowNs + nextNs, outOfTime);
    nextNs = Math.min(LAST_NS, 2 * nextNs);
  }

  /** A connection stands: requests may be sent. */
  void connected() {
    closed = null;
  }

  /** The connection is of use: the next failure is a new story. */
  void proven() {
    nextNs = FIRST_NS;
  }
}
