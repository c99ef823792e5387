package dev.ashlar.client;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * What a client remembers of chunk servers: how fast they answered reads lately, and which not to
 * count on for now. Only a matter of speed: a server that is avoided is still used where too few
 * others are left. Thread-safe.
 */
final class ServerHealth {
  private static final long MS = 1_000_000;

  /** No answer is called late before this. */
  private static final long FLOOR_NS = 50 * MS;

  /** What is late for a server that is not known yet. */
  private static final long UNKNOWN_NS = 250 * MS;

  private static final long CEILING_NS = 2_000 * MS;

  /** How long a server is avoided that was overtaken once, and one that failed once. */
  private static final long SLOW_AVOID_NS = 250 * MS;

  private static final long FAILED_AVOID_NS = 2_000 * MS;
  private static final long LONGEST_AVOID_NS = 30_000 * MS;
  private static final int SAMPLES = 64;

  private final Map<String, Server> servers = new ConcurrentHashMap<>();
  private final LongSupplier nanoClock;

  ServerHealth(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
  }

  private static final class Server {
    private final long[] samples = new long[SAMPLES];
    private int count;
    private long lateNs = UNKNOWN_NS;
    private long avoidUntilNs;
    private long avoidForNs;

    synchronized void answered(long tookNs) {
      samples[count++ % SAMPLES] = tookNs;
      if (tookNs <= lateNs) {
        avoidForNs = 0;
      }
      if (count < 8 || count % 8 == 0) {
        long[] sorted = Arrays.copyOf(samples, Math.min(count, SAMPLES));
        Arrays.sort(sorted);
        long p95 = sorted[Math.min(sorted.length - 1, sorted.length * 95 / 100)];
        lateNs = Math.clamp(p95 + p95 / 2, count < 8 ? UNKNOWN_NS : FLOOR_NS, CEILING_NS);
      }
    }

    synchronized void avoid(long nowNs, long firstNs) {
      if (avoidForNs != 0 && nowNs - avoidUntilNs < 0) {
        return; // several requests that fail together are one piece of news
      }
      avoidForNs = Math.clamp(avoidForNs * 2, firstNs, LONGEST_AVOID_NS);
      avoidUntilNs = nowNs + avoidForNs;
    }

    synchronized boolean avoided(long nowNs) {
      return avoidForNs != 0 && nowNs - avoidUntilNs < 0;
    }

    synchronized long lateNs() {
      return lateNs;
    }
  }

  private Server server(String address) {
    return servers.computeIfAbsent(address, a -> new Server());
  }

  /** A request was answered. */
  void answered(String address, long tookNs) {
    server(address).answered(tookNs);
  }

  /** It failed: avoid it for some seconds, longer each time in a row. */
  void failed(String address) {
    server(address).avoid(nanoClock.getAsLong(), FAILED_AVOID_NS);
  }

  /**
   * Others were asked later and answered earlier: avoid it for a moment, longer each time in a row.
   */
  void overtaken(String address) {
    server(address).avoid(nanoClock.getAsLong(), SLOW_AVOID_NS);
  }

  boolean avoided(String address) {
    return server(address).avoided(nanoClock.getAsLong());
  }

  /** After how long without an answer a read from this server is late. */
  long lateNs(String address) {
    return server(address).lateNs();
  }
}
