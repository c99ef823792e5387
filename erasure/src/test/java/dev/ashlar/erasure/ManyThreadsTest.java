package dev.ashlar.erasure;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Many threads share one code, with more loss patterns than its cache holds. */
class ManyThreadsTest {
  private static final int LENGTH = 500;

  @Test
  void oneCodeServesManyThreads() throws Exception {
    long seed = Shards.seed("ManyThreadsTest");
    ErasureCode code = ErasureCode.reedSolomon(10, 4);
    try (Arena arena = Arena.ofShared();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      MemorySegment[] whole =
          new Shards(arena, false).random(code.totalShards(), LENGTH, new Random(seed));
      code.encode(Arrays.copyOf(whole, 10), Arrays.copyOfRange(whole, 10, 14), LENGTH);
      List<Future<?>> tasks = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        Random random = new Random(seed + i);
        tasks.add(threads.submit(() -> rebuildOften(code, whole, random)));
      }
      for (Future<?> task : tasks) {
        task.get(60, TimeUnit.SECONDS);
      }
    }
  }

  private static void rebuildOften(ErasureCode code, MemorySegment[] whole, Random random) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment[] own = {arena.allocate(LENGTH), arena.allocate(LENGTH)};
      for (int round = 0; round < 300; round++) {
        int[] lost = random.ints(0, whole.length).distinct().limit(4).toArray();
        boolean[] present = new boolean[whole.length];
        Arrays.fill(present, true);
        for (int i : lost) {
          present[i] = false;
        }
        MemorySegment[] shards = whole.clone();
        shards[lost[0]] = own[0];
        shards[lost[1]] = own[1];
        code.reconstruct(shards, present, new int[] {lost[0], lost[1]}, LENGTH);
        assertEquals(-1, own[0].mismatch(whole[lost[0]]));
        assertEquals(-1, own[1].mismatch(whole[lost[1]]));
      }
    }
  }
}
