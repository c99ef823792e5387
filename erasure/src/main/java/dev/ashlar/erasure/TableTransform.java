package dev.ashlar.erasure;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One table per source and up to four targets: entry x holds the products of byte x for all four
 * targets side by side, so one look-up serves four parities. The four sums of eight neighbouring
 * bytes are then transposed into one column of each target.
 */
final class TableTransform implements Transform {
  /** Targets that share a table: the bytes of an int. */
  private static final int LANES = 4;

  private final int sources;
  private final int targets;
  private final boolean accumulate;

  /** By group of four targets and source: 256 entries. */
  private final int[][][] tables;

  /** Memory of a call over at least {@link Blocks#BYTES} that ended, for the next such one. */
  private final AtomicReference<@Nullable Scratch> idle = new AtomicReference<>();

  private record Scratch(Blocks in, Blocks out) {}

  TableTransform(Product product) {
    this.sources = product.sources();
    this.targets = product.targets();
    this.accumulate = product.accumulate();
    this.tables = new int[(targets + LANES - 1) / LANES][sources][];
    for (int group = 0; group < tables.length; group++) {
      for (int s = 0; s < sources; s++) {
        tables[group][s] = table(product.coefficients(), group * LANES, s);
      }
    }
  }

  private static int[] table(Matrix coefficients, int firstTarget, int source) {
    int[] table = new int[256];
    int lanes = Math.min(LANES, coefficients.rows() - firstTarget);
    for (int lane = 0; lane < lanes; lane++) {
      int coefficient = coefficients.at(firstTarget + lane, source);
      for (int x = 0; x < 256; x++) {
        table[x] |= Galois.multiply(coefficient, x) << (8 * lane);
      }
    }
    return table;
  }

  @Override
  public void apply(MemorySegment[] from, MemorySegment[] to, long length) {
    boolean whole = length >= Blocks.BYTES;
    Scratch scratch = whole ? idle.getAndSet(null) : null;
    if (scratch == null) {
      scratch = new Scratch(new Blocks(sources, length), new Blocks(LANES, length));
    }
    apply(from, to, length, scratch.in, scratch.out);
    if (whole) {
      idle.set(scratch);
    }
  }

  private void apply(MemorySegment[] from, MemorySegment[] to, long length, Blocks in, Blocks out) {
    for (long offset = 0; offset < length; offset += Blocks.BYTES) {
      int size = (int) Math.min(Blocks.BYTES, length - offset);
      for (int s = 0; s < sources; s++) {
        in.load(s, from[s], offset, size);
      }
      for (int group = 0; group < tables.length; group++) {
        int first = group * LANES;
        int lanes = Math.min(LANES, targets - first);
        if (accumulate) {
          for (int lane = 0; lane < lanes; lane++) {
            out.load(lane, to[first + lane], offset, size);
          }
        }
        multiply(tables[group], in.words, out.words, in.stride, (size + 7) >>> 3);
        for (int lane = 0; lane < lanes; lane++) {
          out.store(lane, to[first + lane], offset, size);
        }
      }
    }
  }

  private void multiply(int[][] rows, long[] in, long[] out, int stride, int columns) {
    for (int column = 0; column < columns; column++) {
      int a0 = 0;
      int a1 = 0;
      int a2 = 0;
      int a3 = 0;
      int a4 = 0;
      int a5 = 0;
      int a6 = 0;
      int a7 = 0;
      int at = column;
      for (int[] table : rows) {
        long x = in[at];
        at += stride;
        int low = (int) x;
        int high = (int) (x >>> 32);
        a0 ^= table[low & 0xff];
        a1 ^= table[low >>> 8 & 0xff];
        a2 ^= table[low >>> 16 & 0xff];
        a3 ^= table[low >>> 24];
        a4 ^= table[high & 0xff];
        a5 ^= table[high >>> 8 & 0xff];
        a6 ^= table[high >>> 16 & 0xff];
        a7 ^= table[high >>> 24];
      }
      scatter(join(a0, a4), join(a1, a5), join(a2, a6), join(a3, a7), out, stride, column);
    }
  }

  private static long join(int low, int high) {
    return (low & 0xffffffffL) | (long) high << 32;
  }

  /**
   * Transposes two 4 x 4 squares of bytes at once: word b holds the sums of byte b and of byte b +
   * 4; out comes one column per target.
   */
  private void scatter(long w0, long w1, long w2, long w3, long[] out, int stride, int column) {
    long even = 0x00ff00ff00ff00ffL;
    long p01 = (w0 & even) | (w1 & even) << 8;
    long q01 = (w0 >>> 8 & even) | (w1 & ~even);
    long p23 = (w2 & even) | (w3 & even) << 8;
    long q23 = (w2 >>> 8 & even) | (w3 & ~even);
    long half = 0x0000ffff0000ffffL;
    put(out, column, (p01 & half) | (p23 & half) << 16);
    put(out, column + stride, (q01 & half) | (q23 & half) << 16);
    put(out, column + 2 * stride, (p01 >>> 16 & half) | (p23 & ~half));
    put(out, column + 3 * stride, (q01 >>> 16 & half) | (q23 & ~half));
  }

  private void put(long[] out, int at, long value) {
    out[at] = accumulate ? out[at] ^ value : value;
  }
}
