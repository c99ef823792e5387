package dev.ashlar.erasure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class GaloisTest {
  /** Multiplication of polynomials, reduced bit by bit. */
  private static int slow(int a, int b) {
    int product = 0;
    for (int bit = 0; bit < 8; bit++) {
      if ((b >> bit & 1) != 0) {
        product ^= a << bit;
      }
    }
    for (int bit = 15; bit >= 8; bit--) {
      if ((product >> bit & 1) != 0) {
        product ^= 0x11D << (bit - 8);
      }
    }
    return product;
  }

  @Test
  void productsEqualTheDefinition() {
    for (int a = 0; a < 256; a++) {
      for (int b = 0; b < 256; b++) {
        assertEquals(slow(a, b), Galois.multiply(a, b));
      }
    }
  }

  @Test
  void inversesAndPowers() {
    for (int a = 1; a < 256; a++) {
      assertEquals(1, Galois.multiply(a, Galois.invert(a)));
    }
    assertThrows(ArithmeticException.class, () -> Galois.invert(0));
    for (int a = 0; a < 256; a++) {
      int power = 1;
      for (int n = 0; n < 300; n++) {
        assertEquals(power, Galois.power(a, n));
        power = Galois.multiply(power, a);
      }
    }
  }
}
