package dev.ashlar.erasure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Wrong arguments are refused in a sentence before a byte is written. */
class ErasureCodeArgumentsTest {
  private final ErasureCode code = ErasureCode.reedSolomon(2, 2);

  private static MemorySegment[] heap(int count) {
    MemorySegment[] shards = new MemorySegment[count];
    for (int i = 0; i < count; i++) {
      shards[i] = MemorySegment.ofArray(new byte[64]);
    }
    return shards;
  }

  private static void refused(String part, Executable call) {
    String message =
        String.valueOf(assertThrows(IllegalArgumentException.class, call).getMessage());
    assertTrue(message.contains(part), message);
  }

  @Test
  void sizes() {
    refused("k=0", () -> ErasureCode.reedSolomon(0, 1));
    refused("m=-1", () -> ErasureCode.reedSolomon(1, -1));
    refused("k=200 m=56", () -> ErasureCode.reedSolomon(200, 56));
    refused("k=1 m=2147483647", () -> ErasureCode.reedSolomon(1, Integer.MAX_VALUE));
    refused("k=255", () -> ErasureCode.xor(255));
    refused("0 were asked", () -> ErasureCode.mirror(0));
    assertEquals(255, ErasureCode.reedSolomon(200, 55).totalShards());
  }

  @Test
  void names() {
    assertEquals("rs-2-2", code.toString());
    assertEquals("xor-3-1", ErasureCode.xor(3).toString());
    assertEquals("mirror-3", ErasureCode.mirror(3).toString());
  }

  @Test
  void counts() {
    refused("takes 2 data shards but was given 3", () -> code.encode(heap(3), heap(2), 64));
    refused("takes 2 parity shards but was given 1", () -> code.encode(heap(2), heap(1), 64));
    refused("takes 2 parity shards", () -> code.verify(heap(2), heap(1), 0));
    refused("takes 4 shards", () -> code.reconstruct(heap(3), new boolean[4], new int[0], 64));
    refused("presence of 3", () -> code.reconstruct(heap(4), new boolean[3], new int[0], 64));
  }

  @Test
  void lengths() {
    refused("Shard 0 has 64 bytes", () -> code.encode(heap(2), heap(2), 65));
    refused("cannot be negative", () -> code.encode(heap(2), heap(2), -1));
    refused("has 64 bytes", () -> code.verify(heap(2), heap(2), 65));
    refused("cannot be negative", () -> code.verify(heap(2), heap(2), -1));
    code.encode(heap(2), heap(2), 0);
    assertTrue(code.verify(heap(2), heap(2), 0));
  }

  @Test
  void lossesAndWishes() {
    boolean[] present = {true, false, true, false};
    refused("both present and wanted", () -> code.reconstruct(heap(4), present, new int[] {0}, 64));
    refused("wanted twice", () -> code.reconstruct(heap(4), present, new int[] {1, 1}, 64));
    refused("no shard 4", () -> code.reconstruct(heap(4), present, new int[] {4}, 64));
    @Nullable MemorySegment[] shards = heap(4);
    shards[1] = null;
    refused("no memory", () -> code.reconstruct(shards, present, new int[] {1}, 64));
    boolean[] one = {true, false, false, false};
    refused("only 1 are present", () -> code.reconstruct(heap(4), one, new int[] {1}, 64));
    refused("no data shard 2", () -> code.applyDelta(2, heap(1)[0], heap(2), 64));
  }

  @Test
  void overlapsAndReadOnlyMemory() {
    MemorySegment[] data = heap(2);
    refused(
        "shares memory", () -> code.encode(data, new MemorySegment[] {data[0], heap(1)[0]}, 64));
    MemorySegment twice = heap(1)[0];
    refused("share memory", () -> code.encode(data, new MemorySegment[] {twice, twice}, 64));
    MemorySegment fixed = heap(1)[0].asReadOnly();
    refused("read-only", () -> code.encode(data, new MemorySegment[] {twice, fixed}, 64));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment whole = arena.allocate(320);
      MemorySegment[] near = {whole.asSlice(0, 64), whole.asSlice(64, 64)};
      refused(
          "share memory",
          () ->
              code.encode(near, new MemorySegment[] {whole.asSlice(128), whole.asSlice(191)}, 64));
      code.encode(near, new MemorySegment[] {whole.asSlice(128), null}, 64);
    }
  }

  @Test
  void closedMemoryAndForeignThreads() throws InterruptedException {
    Arena arena = Arena.ofConfined();
    MemorySegment shard = arena.allocate(64);
    MemorySegment[] data = {shard, heap(1)[0]};
    Throwable[] thrown = new Throwable[1];
    Thread other =
        Thread.ofPlatform()
            .name("other")
            .start(() ->
                thrown[0] =
                    assertThrows(WrongThreadException.class, () -> code.encode(data, heap(2), 64)));
    other.join(10_000);
    assertTrue(thrown[0] instanceof WrongThreadException);
    arena.close();
    assertThrows(IllegalStateException.class, () -> code.encode(data, heap(2), 64));
  }
}
