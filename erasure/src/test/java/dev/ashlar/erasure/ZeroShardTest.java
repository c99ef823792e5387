package dev.ashlar.erasure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A shard given as null counts as zeros: when encoding, verifying and rebuilding. */
class ZeroShardTest {
  private static final int LENGTH = 333;

  @ParameterizedTest
  @MethodSource("dev.ashlar.erasure.TestKernels#all")
  void nullEqualsZeros(Kernel kernel) {
    Random random = new Random(Shards.seed("ZeroShardTest"));
    ErasureCode code = ErasureCode.reedSolomon(4, 2, kernel, kernel);
    for (int zero = 0; zero < 1 << code.dataShards(); zero++) {
      try (Arena arena = Arena.ofConfined()) {
        encodeAndRebuild(code, zero, new Shards(arena, random.nextBoolean()), random);
      }
    }
  }

  private static void encodeAndRebuild(ErasureCode code, int zero, Shards shards, Random random) {
    MemorySegment[] full = shards.random(code.dataShards(), LENGTH, random);
    @Nullable MemorySegment[] sparse = full.clone();
    for (int i = 0; i < full.length; i++) {
      if ((zero >> i & 1) != 0) {
        full[i].fill((byte) 0);
        sparse[i] = null;
      }
    }
    MemorySegment[] expected = shards.random(code.parityShards(), LENGTH, random);
    MemorySegment[] parity = shards.random(code.parityShards(), LENGTH, random);
    code.encode(full, expected, LENGTH);
    code.encode(sparse, parity, LENGTH);
    for (int p = 0; p < parity.length; p++) {
      assertArrayEquals(Shards.bytes(expected[p]), Shards.bytes(parity[p]), "zero " + zero);
    }
    assertEquals(-1, code.firstBadParity(sparse, parity, LENGTH));
    for (int lost = 0; lost < 1 << code.totalShards(); lost++) {
      if (Integer.bitCount(lost) == code.parityShards()) {
        rebuild(code, full, sparse, parity, lost, shards, random);
      }
    }
    shards.checkGuards();
  }

  private static void rebuild(
      ErasureCode code,
      MemorySegment[] full,
      @Nullable MemorySegment[] sparse,
      MemorySegment[] parity,
      int lost,
      Shards shards,
      Random random) {
    int k = full.length;
    @Nullable MemorySegment[] seen = new @Nullable MemorySegment[code.totalShards()];
    boolean[] present = new boolean[seen.length];
    MemorySegment[] made = shards.random(seen.length, LENGTH, random);
    for (int i = 0; i < seen.length; i++) {
      present[i] = (lost >> i & 1) == 0;
      if (!present[i]) {
        seen[i] = made[i];
      } else {
        seen[i] = i < k ? sparse[i] : parity[i - k];
      }
    }
    int[] wanted = IntStream.range(0, seen.length).filter(i -> !present[i]).toArray();
    code.reconstruct(seen, present, wanted, LENGTH);
    for (int i : wanted) {
      MemorySegment whole = i < k ? full[i] : parity[i - k];
      assertArrayEquals(Shards.bytes(whole), Shards.bytes(made[i]), "shard " + i);
    }
  }
}
