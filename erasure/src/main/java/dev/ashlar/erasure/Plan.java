package dev.ashlar.erasure;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * How to make the targets of one {@link Pattern} from its sources: the solved equations, and the
 * transform of the best kernel that is ready. Thread-safe.
 *
 * <p>Threads may race to compile a transform; each result is equal and the last one stays.
 */
final class Plan {
  /**
   * Bytes read on the slow path before a warm-up is asked for. A warm-up takes about two seconds of
   * processor time, what the scalar kernel needs for some 3 GB; who has written most of that is
   * likely to write more, and a process that copies a file or two never pays.
   */
  static final long WARM_AFTER_BYTES = 2L << 30;

  private final Kernel preferred;
  private final Kernel fallback;
  private final int[] sources;
  private final int[] targets;
  private final @Nullable Product product;
  private final SlowWork slowWork;
  private volatile @Nullable Transform fast;
  private volatile @Nullable Transform slow;

  private Plan(
      Kernel preferred,
      Kernel fallback,
      SlowWork slowWork,
      int[] sources,
      int[] targets,
      @Nullable Product product) {
    this.slowWork = slowWork;
    this.preferred = preferred;
    this.fallback = fallback;
    this.sources = sources;
    this.targets = targets;
    this.product = product;
  }

  /**
   * Solves the equations of {@code pattern}.
   *
   * @param generator k + m rows that make each shard from the data shards
   * @param fallback used until {@code preferred} is ready
   * @param slowWork of all plans of the code
   */
  static Plan solve(
      Matrix generator, Pattern pattern, Kernel preferred, Kernel fallback, SlowWork slowWork) {
    int[] known = pattern.known();
    int[] sources = pattern.sources().stream().toArray();
    int[] targets = pattern.targets().stream().toArray();
    Product product = null;
    if (sources.length > 0 && targets.length > 0) {
      Matrix fromKnown = generator.rows(targets).times(generator.rows(known).inverse());
      int[] columns = Arrays.stream(sources).map(s -> Arrays.binarySearch(known, s)).toArray();
      product = new Product(fromKnown.columns(columns), pattern.accumulate());
    }
    return new Plan(preferred, fallback, slowWork, sources, targets, product);
  }

  /** Indexes of the shards that are read, ascending, in the order {@link #run} takes them. */
  int[] sources() {
    return sources;
  }

  /** Indexes of the shards that are made, ascending, in the order {@link #run} takes them. */
  int[] targets() {
    return targets;
  }

  /** Asks for the preferred kernel to be made ready for this plan; returns at once. */
  void warm() {
    if (product != null && fast == null) {
      preferred.warm(product);
    }
  }

  /** True once the preferred kernel does the work. */
  boolean isFast() {
    return product == null || fast != null || preferred.ready(product);
  }

  /** Runs over segments already checked by {@link ShardCheck}. */
  void run(MemorySegment[] from, MemorySegment[] to, long length) {
    if (length == 0) {
      return;
    }
    if (product != null) {
      transform(product, length).apply(from, to, length);
      return;
    }
    for (MemorySegment target : to) {
      target.asSlice(0, length).fill((byte) 0);
    }
  }

  private Transform transform(Product product, long length) {
    Transform ready = fast;
    if (ready != null) {
      return ready;
    }
    if (preferred.ready(product)) {
      ready = preferred.compile(product);
      fast = ready;
      slow = null;
      return ready;
    }
    if (slowWork.add(targets.length, length * sources.length) >= WARM_AFTER_BYTES) {
      preferred.warm(product);
    }
    ready = slow;
    if (ready == null) {
      ready = fallback.compile(product);
      slow = ready;
    }
    return ready;
  }
}
