package dev.ashlar.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** Runs numbered operations on a few threads and takes the time of each. */
final class Parallel {
  /** One operation, by its number. */
  interface Operation {
    void run(int number) throws Exception;
  }

  /**
   * Throughput and latency of a run.
   *
   * @param nanos of each operation, sorted
   */
  record Times(double seconds, long[] nanos) {
    int count() {
      return nanos.length;
    }

    double perSecond() {
      return nanos.length / seconds;
    }

    double percentileMs(double p) {
      return nanos.length == 0
          ? 0
          : nanos[(int) Math.min(nanos.length - 1, nanos.length * p / 100)] / 1e6;
    }

    Result into(Result r) {
      return r.with("per-s", perSecond())
          .with("p50-ms", percentileMs(50))
          .with("p99-ms", percentileMs(99))
          .with("p99.9-ms", percentileMs(99.9));
    }
  }

  private Parallel() {}

  static Times run(int threads, int count, Operation operation) throws IOException {
    long[] nanos = new long[count];
    AtomicInteger next = new AtomicInteger();
    long start = System.nanoTime();
    try (ExecutorService pool =
        Executors.newFixedThreadPool(threads, Thread.ofPlatform().name("bench-", 0).factory())) {
      List<Future<?>> running = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        running.add(
            pool.submit(() -> {
              for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
                long t0 = System.nanoTime();
                operation.run(i);
                nanos[i] = System.nanoTime() - t0;
              }
              return null;
            }));
      }
      for (Future<?> f : running) {
        f.get();
      }
    } catch (ExecutionException e) {
      throw new IOException("An operation failed: " + e.getCause(), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted", e);
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    Arrays.sort(nanos);
    return new Times(seconds, nanos);
  }
}
