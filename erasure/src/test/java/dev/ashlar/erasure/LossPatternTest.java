package dev.ashlar.erasure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every loss a small code tolerates is rebuilt, whatever part of it is wanted. */
class LossPatternTest {
  private static final int LENGTH = 300;

  private static List<ErasureCode> codes(Kernel kernel) {
    List<ErasureCode> codes = new ArrayList<>();
    for (int[] km : new int[][] {{1, 0}, {1, 1}, {2, 1}, {3, 5}, {4, 2}, {6, 3}}) {
      codes.add(ErasureCode.reedSolomon(km[0], km[1], kernel, kernel));
    }
    for (int k : new int[] {1, 2, 5, 7}) {
      codes.add(ErasureCode.xor(k, kernel, kernel));
    }
    for (int copies : new int[] {1, 2, 3, 5}) {
      codes.add(ErasureCode.mirror(copies, kernel, kernel));
    }
    return codes;
  }

  @ParameterizedTest
  @MethodSource("dev.ashlar.erasure.TestKernels#all")
  void everyLossIsRebuilt(Kernel kernel) {
    Random random = new Random(Shards.seed("LossPatternTest"));
    for (ErasureCode code : codes(kernel)) {
      try (Arena arena = Arena.ofConfined()) {
        Shards shards = new Shards(arena, random.nextBoolean());
        MemorySegment[] whole = encoded(code, shards, random);
        for (int lost = 0; lost < 1 << code.totalShards(); lost++) {
          if (Integer.bitCount(lost) <= code.parityShards()) {
            rebuild(code, shards, whole, lost, random);
          }
        }
      }
    }
  }

  private static MemorySegment[] encoded(ErasureCode code, Shards shards, Random random) {
    MemorySegment[] data = shards.random(code.dataShards(), LENGTH, random);
    MemorySegment[] parity = shards.make(code.parityShards(), LENGTH, random);
    code.encode(data, parity, LENGTH);
    assertEquals(-1, code.firstBadParity(data, parity, LENGTH), code.toString());
    MemorySegment[] whole = new MemorySegment[code.totalShards()];
    System.arraycopy(data, 0, whole, 0, data.length);
    System.arraycopy(parity, 0, whole, data.length, parity.length);
    return whole;
  }

  /**
   * Wants a random part of what was lost, and also hides the shards that are neither present nor
   * wanted.
   */
  private static void rebuild(
      ErasureCode code, Shards shards, MemorySegment[] whole, int lost, Random random) {
    @Nullable MemorySegment[] seen = new @Nullable MemorySegment[whole.length];
    boolean[] present = new boolean[whole.length];
    IntStream.Builder chosen = IntStream.builder();
    for (int i = 0; i < whole.length; i++) {
      present[i] = (lost >> i & 1) == 0;
      if (present[i]) {
        seen[i] = whole[i];
      } else if (random.nextInt(4) > 0) {
        seen[i] = shards.make(LENGTH, random.nextInt(70));
        chosen.add(i);
      }
    }
    int[] wanted = chosen.build().toArray();
    code.reconstruct(seen, present, wanted, LENGTH);
    for (int i : wanted) {
      MemorySegment made = seen[i];
      assertArrayEquals(
          Shards.bytes(whole[i]),
          made == null ? null : Shards.bytes(made),
          () -> code + " shard " + i + " lost " + Integer.toBinaryString(lost));
    }
    shards.checkGuards();
  }
}
