package dev.ashlar.erasure;

import java.lang.foreign.MemorySegment;

/**
 * All coefficients are 1: every target is the exclusive or of all sources. The loops are simple
 * enough for C2 to vectorise.
 */
final class XorTransform implements Transform {
  private final boolean accumulate;

  XorTransform(Product product) {
    this.accumulate = product.accumulate();
  }

  @Override
  public void apply(MemorySegment[] sources, MemorySegment[] targets, long length) {
    Blocks sum = new Blocks(1, length);
    Blocks one = new Blocks(1, length);
    for (long from = 0; from < length; from += Blocks.BYTES) {
      int size = (int) Math.min(Blocks.BYTES, length - from);
      sum.load(0, sources[0], from, size);
      for (int s = 1; s < sources.length; s++) {
        one.load(0, sources[s], from, size);
        add(sum.words, one.words);
      }
      for (MemorySegment target : targets) {
        if (accumulate) {
          one.load(0, target, from, size);
          add(one.words, sum.words);
          one.store(0, target, from, size);
        } else {
          sum.store(0, target, from, size);
        }
      }
    }
  }

  private static void add(long[] to, long[] from) {
    for (int i = 0; i < to.length; i++) {
      to[i] ^= from[i];
    }
  }
}
