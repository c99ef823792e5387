package dev.ashlar.erasure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** One wrong bit is found wherever it is. */
class VerifyTest {
  private static final int LENGTH = 40_001;

  private static void flip(MemorySegment shard, long at, int bit) {
    byte b = shard.get(ValueLayout.JAVA_BYTE, at);
    shard.set(ValueLayout.JAVA_BYTE, at, (byte) (b ^ 1 << bit));
  }

  @Test
  void findsOneWrongBit() {
    Random random = new Random(Shards.seed("VerifyTest"));
    ErasureCode code = ErasureCode.reedSolomon(5, 3);
    try (Arena arena = Arena.ofConfined()) {
      Shards shards = new Shards(arena, false);
      MemorySegment[] data = shards.random(5, LENGTH, random);
      MemorySegment[] parity = shards.make(3, LENGTH, random);
      code.encode(data, parity, LENGTH);
      for (int round = 0; round < 100; round++) {
        long at = round == 0 ? LENGTH - 1 : random.nextInt(LENGTH);
        int bad = random.nextInt(3);
        int bit = random.nextInt(8);
        flip(parity[bad], at, bit);
        assertEquals(bad, code.firstBadParity(data, parity, LENGTH));
        @Nullable MemorySegment[] without = parity.clone();
        without[bad] = null;
        assertEquals(-1, code.firstBadParity(data, without, LENGTH));
        flip(parity[bad], at, bit);
        flip(data[bad], at, bit);
        assertFalse(code.verify(data, parity, LENGTH));
        flip(data[bad], at, bit);
      }
      assertEquals(-1, code.firstBadParity(data, parity, LENGTH));
    }
  }
}
