package dev.ashlar.erasure;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.locks.LockSupport;

/**
 * Runs one pass until it is compiled, checks its output against the scalar kernel, and compares
 * their speed.
 *
 * <p>C2 compiles a method after some thousand calls, on its own thread; until then each vector is
 * an object and a call takes microseconds per step. So the calls made here are short, and between
 * them the thread sleeps rather than burn time that is of no use.
 */
final class SpeedTest {
  private static final System.Logger LOG = System.getLogger(SpeedTest.class.getName());

  /**
   * After this the pass is taken to be slow for good; a busy machine may need tens of seconds to
   * compile.
   */
  static final long LIMIT_NANOS = 120_000_000_000L;

  /** Calls that make C2 want the method, with a margin. */
  private static final int CALLS = 6_000;

  private static final int BYTES = 4096;

  /**
   * How much faster than the scalar kernel counts as compiled: much less than C2 gives (10 to 40),
   * much more than boxed vectors reach (1/10).
   */
  private static final long WANTED_RATIO = 2;

  /**
   * Bytes of each source per nanosecond below which a pass is boxed, should the scalar kernel be
   * slower still because it is not compiled itself. Boxed passes reach 0.1 to 0.3.
   */
  private static final long WANTED_BYTES_PER_NANO = 1;

  private static final int PROBES = 5;
  private static final long PAUSE_NANOS = 10_000_000;

  private final Scheme scheme;
  private final Shape shape;
  private final Pass pass;
  private final Product product;
  private final long limitNanos;

  SpeedTest(Scheme scheme, Shape shape, Pass pass, long limitNanos) {
    this.scheme = scheme;
    this.shape = shape;
    this.pass = pass;
    this.limitNanos = limitNanos;
    // Distinct coefficients with all bits in use: 29 and 47 generate no short cycles that could
    // hide a mixed-up table.
    this.product =
        new Product(
            Matrix.of(shape.targets(), shape.sources(), (t, s) -> 0x1d + 47 * (t * 7 + s) & 0xff),
            shape.accumulate());
  }

  /** True once the pass is right and fast; false if it does not become so. */
  boolean run() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment[] sources = segments(arena, shape.sources());
      MemorySegment[] expected = segments(arena, shape.targets());
      MemorySegment[] targets = segments(arena, shape.targets());
      Transform scalar = new ScalarKernel().compile(product);
      Transform vector = new VectorTransform(scheme, product, ignored -> pass);
      for (int i = 0; i < CALLS; i++) {
        vector.apply(sources, targets, scheme.stepBytes());
      }
      long deadline = System.nanoTime() + limitNanos;
      do {
        LockSupport.parkNanos(PAUSE_NANOS);
        long slow = best(scalar, sources, expected);
        long fast = best(vector, sources, targets);
        if (fast * WANTED_RATIO < slow
            && fast * WANTED_BYTES_PER_NANO < (long) BYTES * shape.sources()) {
          return isRight(scalar, vector, sources, expected, targets);
        }
      } while (System.nanoTime() < deadline);
      LOG.log(
          System.Logger.Level.WARNING,
          "The erasure kernel {0} stayed slow here and is not used; -D{1} forces one",
          scheme.text(),
          Kernels.PROPERTY);
      return false;
    }
  }

  private boolean isRight(
      Transform scalar,
      Transform vector,
      MemorySegment[] sources,
      MemorySegment[] expected,
      MemorySegment[] targets) {
    // Equal for passes that add, and not the result, so that a pass which writes nothing is seen.
    for (int t = 0; t < targets.length; t++) {
      expected[t].fill((byte) 0x5a);
      targets[t].fill((byte) 0x5a);
    }
    scalar.apply(sources, expected, BYTES);
    vector.apply(sources, targets, BYTES);
    for (int t = 0; t < targets.length; t++) {
      if (targets[t].mismatch(expected[t]) >= 0) {
        LOG.log(
            System.Logger.Level.ERROR,
            "The erasure kernel {0} computed wrong bytes on this machine and is not used: report this, with processor and Java version",
            scheme.text());
        return false;
      }
    }
    return true;
  }

  private static long best(Transform transform, MemorySegment[] sources, MemorySegment[] targets) {
    long best = Long.MAX_VALUE;
    for (int i = 0; i < PROBES; i++) {
      long start = System.nanoTime();
      transform.apply(sources, targets, BYTES);
      best = Math.min(best, System.nanoTime() - start);
    }
    return best;
  }

  private static MemorySegment[] segments(Arena arena, int count) {
    MemorySegment[] segments = new MemorySegment[count];
    int x = 1;
    for (int i = 0; i < count; i++) {
      segments[i] = arena.allocate(BYTES, 64);
      for (int j = 0; j < BYTES; j++) {
        x = x * 1_103_515_245 + 12_345;
        segments[i].set(ValueLayout.JAVA_BYTE, j, (byte) (x >> 16));
      }
    }
    return segments;
  }
}
