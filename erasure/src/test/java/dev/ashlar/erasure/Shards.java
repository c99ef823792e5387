package dev.ashlar.erasure;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Makes shards with guard bytes around them, so that a kernel that writes beyond its length is
 * seen.
 */
final class Shards {
  private static final int GUARD = 256;
  private static final byte GUARD_BYTE = (byte) 0xA5;

  private final Arena arena;
  private final boolean heap;
  private final List<MemorySegment> guards = new ArrayList<>();

  Shards(Arena arena, boolean heap) {
    this.arena = arena;
    this.heap = heap;
  }

  /** Seed for a random test: new each time, printed, and fixed by {@code -Dashlar.test.seed}. */
  static long seed(String test) {
    long seed = Long.getLong("ashlar.test.seed", System.nanoTime());
    System.out.println(test + " seed: -Dashlar.test.seed=" + seed);
    return seed;
  }

  /**
   * A shard at {@code offset} bytes from 64-byte alignment (native) or from the start of its array
   * (heap).
   */
  MemorySegment make(long length, int offset) {
    long whole = GUARD + offset + length + GUARD;
    MemorySegment around =
        heap ? MemorySegment.ofArray(new byte[(int) whole]) : arena.allocate(whole, 64);
    around.fill(GUARD_BYTE);
    guards.add(around.asSlice(0, GUARD + offset));
    guards.add(around.asSlice(GUARD + offset + length));
    return around.asSlice(GUARD + offset, length);
  }

  MemorySegment[] make(int count, long length, Random random) {
    MemorySegment[] shards = new MemorySegment[count];
    for (int i = 0; i < count; i++) {
      shards[i] = make(length, random.nextInt(70));
    }
    return shards;
  }

  MemorySegment[] random(int count, long length, Random random) {
    MemorySegment[] shards = make(count, length, random);
    for (MemorySegment shard : shards) {
      fill(shard, random);
    }
    return shards;
  }

  /** Fails if a byte outside any shard was written, and forgets the shards made so far. */
  void checkGuards() {
    for (MemorySegment guard : guards) {
      for (byte b : bytes(guard)) {
        if (b != GUARD_BYTE) {
          throw new AssertionError("A byte beside a shard was written");
        }
      }
    }
    guards.clear();
  }

  static void fill(MemorySegment shard, Random random) {
    byte[] bytes = new byte[(int) shard.byteSize()];
    random.nextBytes(bytes);
    MemorySegment.copy(bytes, 0, shard, ValueLayout.JAVA_BYTE, 0, bytes.length);
  }

  static byte[] bytes(MemorySegment shard) {
    return shard.toArray(ValueLayout.JAVA_BYTE);
  }
}
