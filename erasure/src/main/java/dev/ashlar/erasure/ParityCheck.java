package dev.ashlar.erasure;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Compares the parity of a stripe with what its data demand, a block at a time, in scratch memory
 * of its own.
 *
 * @param data k shards, {@code null} for zeros
 * @param parity m shards, {@code null} for one that is not compared
 */
record ParityCheck(
    ErasureCode code, @Nullable MemorySegment[] data, @Nullable MemorySegment[] parity) {
  /** Bytes of each shard compared at a time: all parity of a usual code fits the L1 or L2 cache. */
  private static final int BLOCK_BYTES = 16 << 10;

  /** See {@link ErasureCode#firstBadParity}. */
  int firstBad(long length) {
    // Shards too short must fail before any comparison, wherever the first difference is.
    checkReadable("Data shard", data, length);
    checkReadable("Parity shard", parity, length);
    try (Arena arena = Arena.ofConfined()) {
      @Nullable MemorySegment[] expected = scratch(arena, Math.min(BLOCK_BYTES, length));
      for (long from = 0; from < length; from += BLOCK_BYTES) {
        long size = Math.min(BLOCK_BYTES, length - from);
        code.encode(slices(data, from, size), expected, size);
        int bad = firstDifference(slices(parity, from, size), expected, size);
        if (bad >= 0) {
          return bad;
        }
      }
    }
    return -1;
  }

  private static void checkReadable(String what, @Nullable MemorySegment[] shards, long length) {
    for (int i = 0; i < shards.length; i++) {
      MemorySegment shard = shards[i];
      if (shard != null) {
        ShardCheck.readable(what, i, shard, length);
      }
    }
  }

  private @Nullable MemorySegment[] scratch(Arena arena, long size) {
    @Nullable MemorySegment[] scratch = new @Nullable MemorySegment[parity.length];
    for (int p = 0; p < parity.length; p++) {
      scratch[p] = parity[p] == null ? null : arena.allocate(size, 64);
    }
    return scratch;
  }

  private static @Nullable MemorySegment[] slices(
      @Nullable MemorySegment[] shards, long from, long size) {
    @Nullable MemorySegment[] slices = new @Nullable MemorySegment[shards.length];
    for (int i = 0; i < shards.length; i++) {
      MemorySegment shard = shards[i];
      slices[i] = shard == null ? null : shard.asSlice(from, size);
    }
    return slices;
  }

  private static int firstDifference(
      @Nullable MemorySegment[] actual, @Nullable MemorySegment[] expected, long size) {
    for (int p = 0; p < actual.length; p++) {
      MemorySegment a = actual[p];
      MemorySegment e = expected[p];
      if (a != null && e != null && MemorySegment.mismatch(a, 0, size, e, 0, size) >= 0) {
        return p;
      }
    }
    return -1;
  }
}
