package dev.ashlar.erasure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Work begins on the scalar kernel, and leaves it only for a kernel that was seen to be right and
 * fast.
 */
class WarmUpTest {
  /** Claims to be ready when told so. */
  private static final class LateKernel implements Kernel {
    volatile boolean ready;
    volatile int asked;
    volatile int compiled;

    @Override
    public String name() {
      return "late";
    }

    @Override
    public boolean ready(Product product) {
      return ready;
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread
    public void warm(Product product) {
      asked++;
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread
    public Transform compile(Product product) {
      compiled++;
      return Kernels.scalar().compile(product);
    }
  }

  private static MemorySegment[] heap(int count, int length) {
    MemorySegment[] shards = new MemorySegment[count];
    for (int i = 0; i < count; i++) {
      shards[i] = MemorySegment.ofArray(new byte[length]);
    }
    return shards;
  }

  @Test
  void switchesWhenReady() {
    LateKernel late = new LateKernel();
    ErasureCode code = ErasureCode.reedSolomon(2, 1, late, Kernels.scalar());
    code.encode(heap(2, 100), heap(1, 100), 100);
    assertEquals(0, late.compiled);
    assertFalse(code.isWarm());
    late.ready = true;
    assertTrue(code.isWarm());
    code.encode(heap(2, 100), heap(1, 100), 100);
    code.encode(heap(2, 100), heap(1, 100), 100);
    assertEquals(1, late.compiled);
  }

  @Test
  void asksOnlyAfterMuchWorkOrOnDemand() {
    LateKernel late = new LateKernel();
    ErasureCode code = ErasureCode.reedSolomon(2, 1, late, Kernels.scalar());
    int length = 1 << 20;
    MemorySegment[] data = heap(2, length);
    MemorySegment[] parity = heap(1, length);
    long calls = Plan.WARM_AFTER_BYTES / (2L * length);
    for (int i = 0; i < calls - 1; i++) {
      code.encode(data, parity, length);
    }
    assertEquals(0, late.asked);
    code.encode(data, parity, length);
    assertEquals(1, late.asked);
    code.warmUp();
    assertEquals(3, late.asked);
  }

  /** One lost server is another index in each chunk. */
  @Test
  void whatOnePatternDidCountsForTheOthers() {
    LateKernel late = new LateKernel();
    ErasureCode code = ErasureCode.reedSolomon(2, 1, late, Kernels.scalar());
    int length = 1 << 20;
    long calls = Plan.WARM_AFTER_BYTES / (2L * length);
    MemorySegment[] shards = heap(3, length);
    for (long i = 0; i < calls; i++) {
      assertEquals(0, late.asked);
      int lost = (int) (i % 2);
      boolean[] present = {true, true, true};
      present[lost] = false;
      code.reconstruct(shards, present, new int[] {lost}, length);
    }
    assertEquals(1, late.asked);
  }

  @Test
  void tasksRunOneAfterTheOtherAndTheThreadEnds() throws InterruptedException {
    WarmUp warmUp = new WarmUp();
    for (int round = 0; round < 3; round++) {
      CountDownLatch done = new CountDownLatch(2);
      warmUp.submit(done::countDown);
      warmUp.submit(done::countDown);
      assertTrue(done.await(20, TimeUnit.SECONDS));
    }
  }

  @Test
  void aPassThatComputesWrongBytesIsRejected() {
    Pass wrong = (sources, firstSource, targets, firstTarget, offset, bytes, tables) -> {};
    assertFalse(
        new SpeedTest(Scheme.VECTOR_128, new Shape(2, 2, false), wrong, 60_000_000_000L).run());
  }

  @Test
  void aPassThatStaysSlowIsRejected() {
    Pass slow =
        (sources, firstSource, targets, firstTarget, offset, bytes, tables) -> {
          if (bytes > 1000) {
            long until = System.nanoTime() + 20_000_000;
            while (System.nanoTime() < until) {
              Thread.onSpinWait();
            }
          }
        };
    assertFalse(new SpeedTest(Scheme.VECTOR_128, new Shape(1, 1, false), slow, 1).run());
  }

  @Test
  void anUnknownKernelIsRefused() {
    String message =
        String.valueOf(
            assertThrows(IllegalArgumentException.class, () -> Kernels.forced("gpu")).getMessage());
    assertTrue(message.contains("'gpu'"), message);
  }

  @Test
  void theNextCandidateFollowsARejectedOne() {
    WarmUp warmUp = new WarmUp();
    VectorKernel first = new VectorKernel(Scheme.VECTOR_256, warmUp);
    VectorKernel second = new VectorKernel(Scheme.VECTOR_128, warmUp);
    AutoKernel auto = new AutoKernel(List.of(first, second));
    assertEquals("auto(vector256)", auto.name());
    first.reject();
    assertEquals("auto(vector128)", auto.name());
    second.reject();
    auto.warm(new Product(Matrix.xor(2), false));
    assertFalse(auto.ready(new Product(Matrix.xor(2), false)));
  }

  @Test
  void theBestKernelOfTheMachineIsPreferred() throws IOException {
    assumeTrue(System.getProperty(Kernels.PROPERTY) == null);
    Path processor = Path.of("/proc/cpuinfo");
    assumeTrue(Files.isReadable(processor) && Kernels.schemes().contains(Scheme.SIX_BIT));
    boolean vbmi =
        Files.readString(processor, StandardCharsets.ISO_8859_1).contains(" avx512vbmi ");
    String expected = vbmi ? "auto(six-bit)" : "auto(vector128)";
    assertEquals(expected, Kernels.preferred().name());
  }

  @Test
  void plansAreBounded() {
    PlanCache cache = new PlanCache();
    Matrix generator = Matrix.reedSolomon(1, 0);
    for (int i = 0; i < 2 * PlanCache.CAPACITY; i++) {
      BitSet zeros = BitSet.valueOf(new long[] {i});
      cache.get(
          new Pattern(new BitSet(), zeros, new BitSet(), false),
          ignored ->
              Plan.solve(
                  generator,
                  new Pattern(new BitSet(), new BitSet(), new BitSet(), false),
                  Kernels.scalar(),
                  Kernels.scalar(),
                  new SlowWork()));
    }
    assertEquals(PlanCache.CAPACITY, cache.size());
  }

  /**
   * The real thing: on a machine with vectors, the kernel becomes ready or is rejected, and the
   * bytes stay right all the while.
   */
  @Test
  void theVectorKernelBecomesReady() {
    List<Scheme> schemes = Kernels.schemes();
    assumeFalse(schemes.isEmpty());
    VectorKernel kernel = new VectorKernel(schemes.getFirst(), new WarmUp());
    ErasureCode code = ErasureCode.reedSolomon(2, 1, kernel, Kernels.scalar());
    code.warmUp();
    MemorySegment[] data = heap(2, 4096);
    MemorySegment[] parity = heap(1, 4096);
    data[0].fill((byte) 1);
    data[1].fill((byte) 3);
    long deadline = System.nanoTime() + 120_000_000_000L;
    while (!code.isWarm() && !kernel.isRejected() && System.nanoTime() < deadline) {
      encodeAndCheck(code, data, parity);
    }
    encodeAndCheck(code, data, parity);
    assertTrue(code.isWarm() || kernel.isRejected());
  }

  private static void encodeAndCheck(
      ErasureCode code, MemorySegment[] data, MemorySegment[] parity) {
    code.encode(data, parity, 4096);
    // Row (2,1) is 03 02: 3*1 ^ 2*3 = 5.
    for (byte b : Shards.bytes(parity[0])) {
      assertEquals(5, b);
    }
  }
}
