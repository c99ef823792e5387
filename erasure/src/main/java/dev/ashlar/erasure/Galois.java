package dev.ashlar.erasure;

/**
 * The field GF(2^8) with x^8 + x^4 + x^3 + x^2 + 1 (0x11D), as Backblaze, ISA-L and Hadoop use it.
 * Elements are ints 0..255.
 */
final class Galois {
  private static final int POLYNOMIAL = 0x11D;

  /**
   * 2 generates the field; the powers are kept twice so that a sum of two logarithms needs no
   * modulo.
   */
  private static final int[] POWERS = new int[510];

  private static final int[] LOGARITHMS = new int[256];

  static {
    int x = 1;
    for (int i = 0; i < 255; i++) {
      POWERS[i] = x;
      POWERS[i + 255] = x;
      LOGARITHMS[x] = i;
      x <<= 1;
      if (x > 255) {
        x ^= POLYNOMIAL;
      }
    }
  }

  private Galois() {}

  static int multiply(int a, int b) {
    return a == 0 || b == 0 ? 0 : POWERS[LOGARITHMS[a] + LOGARITHMS[b]];
  }

  /** The inverse of {@code a}, which is not 0. */
  static int invert(int a) {
    if (a == 0) {
      throw new ArithmeticException("0 has no inverse in GF(2^8)");
    }
    return POWERS[255 - LOGARITHMS[a]];
  }

  /** {@code a} to the power {@code n}, with 0^0 = 1. */
  static int power(int a, int n) {
    if (n == 0) {
      return 1;
    }
    return a == 0 ? 0 : POWERS[(int) ((long) LOGARITHMS[a] * n % 255)];
  }
}
