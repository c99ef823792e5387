package dev.ashlar.erasure;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Writes the look-up tables of a pass. Table {@code i} of target {@code t} of a pass with m targets
 * lies at {@code (i * m + t) * 64}.
 *
 * <p>Six-bit: tables 0 to g-1 hold c * x for x below 64; table g + q is indexed by the two high
 * bits of sources 3q, 3q+1 and 3q+2, lowest first. Nibble: tables 2i and 2i+1 hold the products of
 * the low and the high half of source i, repeated to fill 64 entries.
 */
final class PassTables {
  private final Scheme scheme;
  private final Matrix coefficients;

  PassTables(Scheme scheme, Matrix coefficients) {
    this.scheme = scheme;
    this.coefficients = coefficients;
  }

  /**
   * Writes the tables for {@code shape}, whose sources and targets begin at the given column and
   * row.
   */
  void write(Shape shape, int firstSource, int firstTarget, MemorySegment to) {
    int tables = scheme.tables(shape.sources());
    for (int i = 0; i < tables; i++) {
      for (int t = 0; t < shape.targets(); t++) {
        long at = (long) (i * shape.targets() + t) * Scheme.TABLE_BYTES;
        for (int x = 0; x < Scheme.TABLE_BYTES; x++) {
          int value =
              scheme == Scheme.SIX_BIT
                  ? sixBit(shape, firstSource, firstTarget + t, i, x)
                  : nibble(firstSource, firstTarget + t, i, x);
          to.set(ValueLayout.JAVA_BYTE, at + x, (byte) value);
        }
      }
    }
  }

  private int nibble(int firstSource, int row, int table, int x) {
    int half = table % 2 == 0 ? x & 15 : (x & 15) << 4;
    return Galois.multiply(coefficients.at(row, firstSource + table / 2), half);
  }

  private int sixBit(Shape shape, int firstSource, int row, int table, int x) {
    if (table < shape.sources()) {
      return Galois.multiply(coefficients.at(row, firstSource + table), x);
    }
    int from = 3 * (table - shape.sources());
    int sum = 0;
    for (int i = 0; i < 3 && from + i < shape.sources(); i++) {
      int high = (x >> (2 * i) & 3) << 6;
      sum ^= Galois.multiply(coefficients.at(row, firstSource + from + i), high);
    }
    return sum;
  }
}
