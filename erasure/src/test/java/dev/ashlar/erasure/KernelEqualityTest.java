package dev.ashlar.erasure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every kernel makes the bytes that the definition says, for every length, offset and shape. */
class KernelEqualityTest {
  private static final int LONGEST = 1100;

  @ParameterizedTest
  @MethodSource("dev.ashlar.erasure.TestKernels#all")
  void everyLengthAndOffset(Kernel kernel) {
    Random random = new Random(Shards.seed("KernelEqualityTest.everyLengthAndOffset"));
    for (boolean heap : new boolean[] {false, true}) {
      for (int length = 1; length <= LONGEST; length++) {
        check(kernel, 1 + random.nextInt(5), 1 + random.nextInt(3), length, heap, random);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.ashlar.erasure.TestKernels#all")
  void everyShape(Kernel kernel) {
    Random random = new Random(Shards.seed("KernelEqualityTest.everyShape"));
    for (int sources = 1; sources <= 13; sources++) {
      for (int targets = 1; targets <= 9; targets++) {
        check(kernel, sources, targets, 100 + random.nextInt(300), false, random);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.ashlar.erasure.TestKernels#all")
  void severalBlocks(Kernel kernel) {
    Random random = new Random(Shards.seed("KernelEqualityTest.severalBlocks"));
    for (int length : new int[] {4095, 4096, 4097, 8192, 12_289, 20_000}) {
      check(kernel, 4, 2, length, random.nextBoolean(), random);
    }
  }

  @ParameterizedTest
  @MethodSource("dev.ashlar.erasure.TestKernels#all")
  void mixedHeapAndNative(Kernel kernel) {
    Random random = new Random(Shards.seed("KernelEqualityTest.mixedHeapAndNative"));
    try (Arena arena = Arena.ofConfined()) {
      Shards outside = new Shards(arena, false);
      Shards inside = new Shards(arena, true);
      Product product = new Product(coefficients(2, 2, random), false);
      MemorySegment[] from = {
        inside.random(1, 5000, random)[0], outside.random(1, 5000, random)[0]
      };
      MemorySegment[] to = {outside.make(5000, 3), inside.make(5000, 5)};
      kernel.compile(product).apply(from, to, 5000);
      assertProduct(product, from, new byte[2][5000], to, 5000);
      inside.checkGuards();
      outside.checkGuards();
    }
  }

  private static void check(
      Kernel kernel, int sources, int targets, int length, boolean heap, Random random) {
    try (Arena arena = Arena.ofConfined()) {
      Shards shards = new Shards(arena, heap);
      Product product = new Product(coefficients(targets, sources, random), random.nextBoolean());
      MemorySegment[] from = shards.random(sources, length, random);
      MemorySegment[] to = shards.random(targets, length, random);
      byte[][] before = new byte[targets][];
      for (int t = 0; t < targets; t++) {
        before[t] = product.accumulate() ? Shards.bytes(to[t]) : new byte[length];
      }
      kernel.compile(product).apply(from, to, length);
      assertProduct(product, from, before, to, length);
      shards.checkGuards();
    }
  }

  private static Matrix coefficients(int rows, int columns, Random random) {
    boolean ones = random.nextInt(6) == 0;
    return Matrix.of(rows, columns, (r, c) -> ones ? 1 : random.nextInt(256));
  }

  /** The definition, byte by byte. */
  private static void assertProduct(
      Product product, MemorySegment[] from, byte[][] before, MemorySegment[] to, int length) {
    byte[][] in = new byte[from.length][];
    for (int s = 0; s < from.length; s++) {
      in[s] = Shards.bytes(from[s]);
    }
    for (int t = 0; t < to.length; t++) {
      byte[] expected = before[t];
      for (int s = 0; s < from.length; s++) {
        int coefficient = product.coefficients().at(t, s);
        for (int j = 0; j < length; j++) {
          expected[j] ^= (byte) Galois.multiply(coefficient, in[s][j] & 0xff);
        }
      }
      assertArrayEquals(
          expected, Shards.bytes(to[t]), "target " + t + " length " + length + " " + product);
    }
  }
}
