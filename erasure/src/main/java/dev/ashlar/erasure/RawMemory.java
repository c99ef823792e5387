package dev.ashlar.erasure;

import java.lang.foreign.MemorySegment;

/**
 * All of native memory as one segment. Generated passes read and write through it, at addresses
 * masked to 48 bits: C2 then proves every bound and leaves no check in the loop, which is worth a
 * factor of two. So an address given to a pass is as unsafe as a pointer in C; {@link ShardCheck}
 * stands before it.
 */
final class RawMemory {
  @SuppressWarnings("restricted")
  static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  /** User addresses of 64-bit systems have at most 48 bits unless a process asks for more. */
  static final long ADDRESS_MASK = 0xFFFF_FFFF_FFFFL;

  private RawMemory() {}

  /** Whether a pass may be given the address of {@code segment}. */
  static boolean reaches(MemorySegment segment) {
    return segment.isNative() && (segment.address() & ~ADDRESS_MASK) == 0;
  }
}
