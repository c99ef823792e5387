package dev.ashlar.simulation;

import java.util.Arrays;

/** Bytes that tell where they come from. */
final class Content {
  private static final long STEP = 0x9E3779B97F4A7C15L;

  private Content() {}

  /** The bytes of one write: no other stamp makes a long part of them. */
  static byte[] of(long stamp, int length) {
    byte[] bytes = new byte[length];
    long state = stamp * STEP + 1;
    for (int i = 0; i < length; i += 8) {
      state += STEP;
      long z = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
      z ^= z >>> 27;
      for (int j = i; j < Math.min(length, i + 8); j++) {
        bytes[j] = (byte) z;
        z >>>= 8;
      }
    }
    return bytes;
  }

  static byte[] join(byte[] a, byte[] b) {
    byte[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }
}
