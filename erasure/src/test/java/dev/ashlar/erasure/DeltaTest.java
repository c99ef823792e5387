package dev.ashlar.erasure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A parity delta has the effect of encoding anew. */
class DeltaTest {
  @ParameterizedTest
  @MethodSource("dev.ashlar.erasure.TestKernels#all")
  void deltaEqualsEncodingAnew(Kernel kernel) {
    Random random = new Random(Shards.seed("DeltaTest"));
    ErasureCode[] codes = {
      ErasureCode.reedSolomon(6, 3, kernel, kernel),
      ErasureCode.reedSolomon(4, 5, kernel, kernel),
      ErasureCode.xor(3, kernel, kernel),
      ErasureCode.mirror(3, kernel, kernel)
    };
    for (ErasureCode code : codes) {
      for (int round = 0; round < 30; round++) {
        try (Arena arena = Arena.ofConfined()) {
          change(code, new Shards(arena, random.nextBoolean()), 1 + random.nextInt(600), random);
        }
      }
    }
  }

  private static void change(ErasureCode code, Shards shards, int length, Random random) {
    MemorySegment[] data = shards.random(code.dataShards(), length, random);
    MemorySegment[] parity = shards.make(code.parityShards(), length, random);
    code.encode(data, parity, length);
    int changed = random.nextInt(data.length);
    int left = random.nextInt(parity.length);
    @Nullable MemorySegment[] here = parity.clone();
    byte[] untouched = Shards.bytes(parity[left]);
    here[left] = null;

    MemorySegment after = shards.random(1, length, random)[0];
    MemorySegment delta = shards.make(length, 5);
    ErasureCode.difference(data[changed], after, delta, length);
    code.applyDelta(changed, delta, here, length);
    assertArrayEquals(untouched, Shards.bytes(parity[left]));
    @Nullable MemorySegment[] only = new @Nullable MemorySegment[parity.length];
    only[left] = parity[left];
    code.applyDelta(changed, delta, only, length);

    data[changed] = after;
    assertTrue(code.verify(data, parity, length), () -> code + " length " + length);
    shards.checkGuards();
  }
}
