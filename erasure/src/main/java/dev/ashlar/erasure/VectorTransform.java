package dev.ashlar.erasure;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs the passes of a product over blocks of 4 KiB, so that all passes find a block of every shard
 * in the L1 cache.
 *
 * <p>Passes know native memory and whole steps only. Heap shards, and the odd bytes at the end of
 * native ones, go through a copy in native scratch memory, a block at a time.
 */
final class VectorTransform implements Transform {
  private static final int BLOCK_BYTES = 4096;

  private final Scheme scheme;
  private final boolean accumulate;
  private final PassStep[] steps;
  private final Pass[] passes;

  /** Lives as long as this transform is reachable. */
  private final MemorySegment tables;

  /** Kept between calls, so that they make no garbage; a second thread makes its own. */
  private final AtomicReference<@Nullable Places> idle = new AtomicReference<>();

  /** Addresses of shards. */
  private record Places(long[] sources, long[] targets) {}

  VectorTransform(Scheme scheme, Product product, Function<Shape, Pass> passes) {
    this.scheme = scheme;
    this.accumulate = product.accumulate();
    List<PassStep> cut = PassStep.cut(scheme, product);
    PassStep last = cut.getLast();
    this.steps = cut.toArray(PassStep[]::new);
    this.passes = cut.stream().map(step -> passes.apply(step.shape())).toArray(Pass[]::new);
    this.tables =
        Arena.ofAuto().allocate(last.tableOffset() + last.tableBytes(scheme), Scheme.TABLE_BYTES);
    PassTables writer = new PassTables(scheme, product.coefficients());
    for (PassStep step : cut) {
      writer.write(
          step.shape(), step.firstSource(), step.firstTarget(), tables.asSlice(step.tableOffset()));
    }
  }

  @Override
  public void apply(MemorySegment[] sources, MemorySegment[] targets, long length) {
    long direct = reached(sources) && reached(targets) ? length - length % scheme.stepBytes() : 0;
    if (direct > 0) {
      Places idle = this.idle.getAndSet(null);
      Places places =
          idle == null ? new Places(new long[sources.length], new long[targets.length]) : idle;
      try {
        fill(places.sources, sources);
        fill(places.targets, targets);
        multiply(places.sources, places.targets, direct);
      } finally {
        this.idle.set(places);
        Reference.reachabilityFence(sources);
        Reference.reachabilityFence(targets);
      }
    }
    if (direct < length) {
      copyAndMultiply(sources, targets, direct, length);
    }
  }

  private static boolean reached(MemorySegment[] shards) {
    for (MemorySegment shard : shards) {
      if (!RawMemory.reaches(shard)) {
        return false;
      }
    }
    return true;
  }

  private static long[] addresses(MemorySegment[] shards) {
    return fill(new long[shards.length], shards);
  }

  private static long[] fill(long[] addresses, MemorySegment[] shards) {
    for (int i = 0; i < shards.length; i++) {
      addresses[i] = shards[i].address();
    }
    return addresses;
  }

  /** {@code length} is a multiple of a step. */
  private void multiply(long[] sources, long[] targets, long length) {
    try {
      for (long offset = 0; offset < length; offset += BLOCK_BYTES) {
        multiplyBlock(sources, targets, offset, (int) Math.min(BLOCK_BYTES, length - offset));
      }
    } finally {
      Reference.reachabilityFence(tables);
    }
  }

  private void multiplyBlock(long[] sources, long[] targets, long offset, int bytes) {
    for (int i = 0; i < steps.length; i++) {
      PassStep step = steps[i];
      long table = tables.address() + step.tableOffset();
      passes[i].run(sources, step.firstSource(), targets, step.firstTarget(), offset, bytes, table);
    }
  }

  private void copyAndMultiply(
      MemorySegment[] sources, MemorySegment[] targets, long from, long to) {
    int stride = (int) Math.min(BLOCK_BYTES, wholeSteps(to - from));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment[] in = scratch(arena, sources.length, stride);
      MemorySegment[] out = scratch(arena, targets.length, stride);
      for (long offset = from; offset < to; offset += stride) {
        long bytes = Math.min(stride, to - offset);
        copyIn(sources, in, offset, bytes);
        if (accumulate) {
          copyIn(targets, out, offset, bytes);
        }
        multiply(addresses(in), addresses(out), wholeSteps(bytes));
        for (int t = 0; t < out.length; t++) {
          MemorySegment.copy(out[t], 0, targets[t], offset, bytes);
        }
      }
    }
  }

  private long wholeSteps(long bytes) {
    int step = scheme.stepBytes();
    return (bytes + step - 1) / step * step;
  }

  private static MemorySegment[] scratch(Arena arena, int count, int stride) {
    MemorySegment whole = arena.allocate((long) count * stride, Scheme.TABLE_BYTES);
    MemorySegment[] parts = new MemorySegment[count];
    for (int i = 0; i < count; i++) {
      parts[i] = whole.asSlice((long) i * stride, stride);
    }
    return parts;
  }

  private static void copyIn(MemorySegment[] from, MemorySegment[] to, long offset, long bytes) {
    for (int i = 0; i < from.length; i++) {
      MemorySegment.copy(from[i], offset, to[i], 0, bytes);
    }
  }
}
