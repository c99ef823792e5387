package dev.ashlar.erasure;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** The checks that must hold before a kernel touches memory: kernels check nothing. */
final class ShardCheck {
  private ShardCheck() {}

  static void count(String what, @Nullable MemorySegment[] shards, int expected, String code) {
    if (shards.length != expected) {
      throw new IllegalArgumentException(
          code + " takes " + expected + " " + what + " but was given " + shards.length);
    }
  }

  static void length(long length) {
    if (length < 0) {
      throw new IllegalArgumentException("The length of shards cannot be negative: " + length);
    }
  }

  static void readable(String what, int index, MemorySegment shard, long length) {
    if (shard.byteSize() < length) {
      throw new IllegalArgumentException(
          what
              + " "
              + index
              + " has "
              + shard.byteSize()
              + " bytes, fewer than the "
              + length
              + " to code; pad it with zeros");
    }
    if (!shard.scope().isAlive()) {
      throw new IllegalStateException(what + " " + index + " lies in memory that was closed");
    }
    if (!shard.isAccessibleBy(Thread.currentThread())) {
      throw new WrongThreadException(
          what + " " + index + " belongs to another thread; use a shared arena");
    }
  }

  static void writable(String what, int index, MemorySegment shard, long length) {
    readable(what, index, shard, length);
    if (shard.isReadOnly()) {
      throw new IllegalArgumentException(what + " " + index + " is to be written but is read-only");
    }
  }

  /**
   * Refuses targets that overlap a source or each other in their first {@code length} bytes: what
   * they would hold is not defined.
   */
  static void disjoint(MemorySegment[] sources, MemorySegment[] targets, long length) {
    for (int t = 0; t < targets.length; t++) {
      for (int s = 0; s < sources.length; s++) {
        if (overlap(targets[t], sources[s], length)) {
          throw new IllegalArgumentException(
              "A shard to be written shares memory with a shard that is read");
        }
      }
      for (int other = 0; other < t; other++) {
        if (overlap(targets[t], targets[other], length)) {
          throw new IllegalArgumentException("Two shards to be written share memory");
        }
      }
    }
  }

  private static boolean overlap(MemorySegment a, MemorySegment b, long length) {
    if (a.isNative() && b.isNative()) {
      return Math.abs(a.address() - b.address()) < length;
    }
    return a.isNative() == b.isNative()
        && a.asSlice(0, length).asOverlappingSlice(b.asSlice(0, length)).isPresent();
  }
}
