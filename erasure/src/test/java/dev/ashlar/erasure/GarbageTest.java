package dev.ashlar.erasure;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** Whole stripes are encoded without making anything that must be collected. */
class GarbageTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final int CELL = 4096;
  private static final int STRIPES = 1000;

  @Test
  void anEncodeLeavesNone() {
    ErasureCode code = ErasureCode.reedSolomon(6, 3);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment[] data = cells(arena, 6);
      MemorySegment[] parity = cells(arena, 3);
      code.encode(data, parity, CELL); // makes what is kept between calls
      long before = THREADS.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < STRIPES; i++) {
        code.encode(data, parity, CELL);
      }
      long each = (THREADS.getCurrentThreadAllocatedBytes() - before) / STRIPES;
      // The old way made over 200 bytes; what loading classes makes once is allowed for.
      assertTrue(each < 100, () -> each + " bytes of garbage a stripe");
    }
  }

  private static MemorySegment[] cells(Arena arena, int count) {
    MemorySegment[] cells = new MemorySegment[count];
    for (int i = 0; i < count; i++) {
      cells[i] = arena.allocate(CELL, 64);
    }
    return cells;
  }
}
