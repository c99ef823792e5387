package dev.ashlar.protocol;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ChecksumsTest {
  private static final ByteBuffer CHECK =
      ByteBuffer.wrap("123456789".getBytes(StandardCharsets.US_ASCII));

  /** CRC-32C bit by bit. */
  private static int naiveCrc(byte[] bytes, int from, int to) {
    int crc = -1;
    for (int i = from; i < to; i++) {
      crc ^= bytes[i] & 0xFF;
      for (int bit = 0; bit < 8; bit++) {
        crc = crc >>> 1 ^ ((crc & 1) == 0 ? 0 : 0x82F63B78);
      }
    }
    return ~crc;
  }

  @Test
  void crcIsTheStandardOne() {
    assertEquals(0xE3069283, Checksums.crc(CHECK));
    assertEquals(9, CHECK.remaining());
    assertEquals(0, Checksums.crc(ByteBuffer.allocate(0)));
  }

  @Test
  void everySliceHasItsOwn() {
    long seed = Seed.next();
    Random random = new Random(seed);
    for (int length : new int[] {0, 1, 16383, 16384, 16385, 50_000, 65536}) {
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      int[] expected = new int[(length + 16383) / 16384];
      for (int i = 0; i < expected.length; i++) {
        expected[i] = naiveCrc(bytes, i * 16384, Math.min(length, (i + 1) * 16384));
      }
      ByteBuffer direct =
          ByteBuffer.allocateDirect(length + 5).position(5).put(bytes).flip().position(5);
      assertArrayEquals(expected, Checksums.slices(ByteBuffer.wrap(bytes)), () -> "seed " + seed);
      assertArrayEquals(expected, Checksums.slices(direct), () -> "seed " + seed);
      assertEquals(length, direct.remaining());
    }
  }

  @Test
  void rootBindsLengthAndSlices() {
    int[] crcs = {1, 2, 3, 4};
    ByteBuffer bytes = ByteBuffer.allocate(20).putLong(40_000).putInt(1).putInt(2).putInt(3).flip();
    assertEquals(naiveCrc(bytes.array(), 0, 20), Checksums.root(crcs, 3, 40_000));
    assertNotEquals(Checksums.root(crcs, 3, 40_000), Checksums.root(crcs, 3, 40_001));
    assertNotEquals(
        Checksums.root(crcs, 3, 40_000), Checksums.root(new int[] {2, 1, 3}, 3, 40_000));
    assertEquals(0, Checksums.root(new int[0], 0, 0));
  }

  @Test
  void digestsOfDifferentBlocksDiffer() {
    Set<Long> seen = new HashSet<>();
    for (long chunk = 1; chunk <= 200; chunk++) {
      for (long version = 1; version <= 10; version++) {
        for (int index = 0; index < 9; index++) {
          seen.add(Checksums.digest(new BlockKey(chunk, version, index), 7));
        }
      }
    }
    assertEquals(200 * 10 * 9, seen.size());
    assertNotEquals(
        Checksums.digest(new BlockKey(1, 1, 1), 7), Checksums.digest(new BlockKey(1, 1, 1), 8));
  }

  /** Disks keep these numbers: they must never change. */
  @Test
  void numbersAreTheseForEver() {
    assertEquals(0x99C4F211, Checksums.root(new int[] {0x01020304, -1}, 2, 20_000));
    assertEquals(0L, Checksums.digest(new BlockKey(0, 0, 0), 0));
    assertEquals(
        0x680C96C09CBC12B6L, Checksums.digest(new BlockKey(0x1122334455667788L, 3, 5), 0x01020304));
  }

  @Test
  void keysAreOrderedByChunkIndexAndVersion() {
    BlockKey[] ordered = {
      new BlockKey(1, 9, 0), new BlockKey(1, 1, 1), new BlockKey(1, 2, 1), new BlockKey(2, 1, 0)
    };
    BlockKey[] shuffled = {ordered[2], ordered[0], ordered[3], ordered[1]};
    Arrays.sort(shuffled);
    assertArrayEquals(ordered, shuffled);
  }
}
