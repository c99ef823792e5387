package dev.ashlar.erasure;

import java.lang.foreign.MemorySegment;

/**
 * Heap scratch memory of a scalar transform: one block of 8-byte columns per source or target.
 * Plain arrays run well in the interpreter and in C1 too, which segments do not, and the copy
 * within the L1 cache costs little beside the tables. Owned by one call at a time.
 */
final class Blocks {
  /** Bytes of each shard worked on at a time. */
  static final int BYTES = 4096;

  /**
   * Columns of shard i begin at {@code i * stride}. Bytes are in memory order, so shifts see them
   * in the machine's order, the same for reading and writing.
   */
  final long[] words;

  final int stride;
  private final MemorySegment memory;

  Blocks(int shards, long length) {
    this.stride = (int) ((Math.min(BYTES, length) + 7) >>> 3);
    this.words = new long[shards * stride];
    this.memory = MemorySegment.ofArray(words);
  }

  void load(int shard, MemorySegment from, long offset, int size) {
    MemorySegment.copy(from, offset, memory, ((long) shard * stride) << 3, size);
  }

  void store(int shard, MemorySegment to, long offset, int size) {
    MemorySegment.copy(memory, ((long) shard * stride) << 3, to, offset, size);
  }
}
