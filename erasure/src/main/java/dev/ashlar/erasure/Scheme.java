package dev.ashlar.erasure;

import java.util.Locale;

/**
 * How a vector kernel multiplies by a constant with byte look-ups in vector registers.
 *
 * <p>Nibble: {@code c * x = L[x & 15] ^ H[x >> 4]}, two look-ups per source and target.
 *
 * <p>Six-bit: a look-up in 64 entries takes six bits of x at once, and the two bits left over of
 * three sources make one more index: four look-ups for three sources. It needs AVX-512 VBMI (one
 * instruction for 64 entries).
 */
enum Scheme {
  SIX_BIT("six-bit", 512, 2, 6, 3),
  VECTOR_512("vector512", 512, 1, 4, 2),
  VECTOR_256("vector256", 256, 1, 4, 2),
  VECTOR_128("vector128", 128, 1, 4, 2);

  /**
   * Every table takes 64 bytes, whatever the vector length, so that each is aligned to a cache
   * line.
   */
  static final int TABLE_BYTES = 64;

  /** Most targets of a pass: all tables of a pass stay in registers. */
  static final int MAX_TARGETS = 4;

  private final String text;
  private final int bits;
  private final int unroll;
  private final int sourcesOfNarrow;
  private final int sourcesOfWide;

  Scheme(String text, int bits, int unroll, int sourcesOfNarrow, int sourcesOfWide) {
    this.text = text;
    this.bits = bits;
    this.unroll = unroll;
    this.sourcesOfNarrow = sourcesOfNarrow;
    this.sourcesOfWide = sourcesOfWide;
  }

  String text() {
    return text;
  }

  /** Length of a vector in bits. */
  int bits() {
    return bits;
  }

  /** Vectors per shard that one turn of the loop takes. */
  int unroll() {
    return unroll;
  }

  /** Bytes per shard that one turn of the loop takes. */
  int stepBytes() {
    return bits / 8 * unroll;
  }

  /** Most sources of a pass that makes {@code targets} targets. */
  int maxSources(int targets) {
    return targets <= 2 ? sourcesOfNarrow : sourcesOfWide;
  }

  /** Look-up tables per target for {@code sources} sources. */
  int tables(int sources) {
    return this == SIX_BIT ? sources + (sources + 2) / 3 : 2 * sources;
  }

  /** The scheme called {@code text}. */
  static Scheme parse(String text) {
    for (Scheme scheme : values()) {
      if (scheme.text.equals(text.toLowerCase(Locale.ROOT))) {
        return scheme;
      }
    }
    throw new IllegalArgumentException(
        "No erasure kernel is called '"
            + text
            + "': use auto, scalar, six-bit, vector512, vector256 or vector128");
  }
}
