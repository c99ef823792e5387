package dev.ashlar.erasure;

import java.lang.foreign.MemorySegment;

/** A {@link Product} made ready to run by a {@link Kernel}. Immutable and thread-safe. */
interface Transform {
  /**
   * Computes bytes 0 to {@code length} of every target. The caller has checked that every segment
   * is long enough, open to this thread, and that no target overlaps another segment.
   *
   * @param length in bytes, at least 1
   */
  void apply(MemorySegment[] sources, MemorySegment[] targets, long length);
}
