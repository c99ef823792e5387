package dev.ashlar.erasure;

/**
 * What a transform computes: target t = sum over s of coefficients(t, s) * source s.
 *
 * @param coefficients one row per target, one column per source; at least one of each
 * @param accumulate whether the sum is added (exclusive or) to what the targets hold, or replaces
 *     it
 */
record Product(Matrix coefficients, boolean accumulate) {
  int targets() {
    return coefficients.rows();
  }

  /** Whether every target is a copy of the one source. */
  boolean isCopy() {
    return sources() == 1 && !accumulate && coefficients.isAllOnes();
  }

  int sources() {
    return coefficients.columns();
  }
}
