package dev.ashlar.erasure;

import java.lang.foreign.MemorySegment;

/** One source, copied to every target: a mirror. */
final class CopyTransform implements Transform {
  @Override
  public void apply(MemorySegment[] sources, MemorySegment[] targets, long length) {
    for (MemorySegment target : targets) {
      MemorySegment.copy(sources[0], 0, target, 0, length);
    }
  }
}
