package dev.ashlar.bench;

import dev.ashlar.erasure.ErasureCode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Speed of the erasure codes on stripes in native memory, one thread. The secondary result {@code
 * megabytes} is what counts: megabytes (10^6) of data, parity not counted, coded per second; where
 * the machine is busy, divide it by the result {@code cpuSeconds}.
 *
 * <p>{@code bin/ashlar bench codec CodecBenchmark -p code=rs-10-4 -p kernel=scalar}
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 7, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
@SuppressWarnings("NullAway.Init") // JMH calls setUp first
public class CodecBenchmark {
  /** Counts what the operations coded. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  public static class Coded {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    public double megabytes;
    private long start;

    @Setup(Level.Iteration)
    public void start() {
      start = THREADS.getCurrentThreadCpuTime();
    }

    /**
     * Processor time of this thread: on a busy machine, megabytes divided by this repeats much
     * better than megabytes per second.
     */
    public double cpuSeconds() {
      return (THREADS.getCurrentThreadCpuTime() - start) / 1e9;
    }
  }

  @Param({"rs-4-2", "rs-6-3", "rs-10-4"})
  public String code;

  /** Bytes of each shard. */
  @Param("65536")
  public int cell;

  /** As in {@code -Dashlar.erasure.kernel}. */
  @Param("auto")
  public String kernel;

  private Arena arena;
  private ErasureCode erasure;
  private MemorySegment[] shards;
  private MemorySegment[] data;
  private MemorySegment[] parity;
  private boolean[] lostOne;
  private boolean[] lostMost;
  private int[] most;
  private ByteBuffer[] buffers;
  private final CRC32C crc = new CRC32C();

  @Setup(Level.Trial)
  public void setUp() throws InterruptedException {
    System.setProperty("ashlar.erasure.kernel", kernel);
    String[] words = code.split("-", -1);
    int k = Integer.parseInt(words[1]);
    int m = Integer.parseInt(words[2]);
    erasure = ErasureCode.reedSolomon(k, m);
    arena = Arena.ofShared();
    shards = new MemorySegment[k + m];
    Random random = new Random(1);
    byte[] bytes = new byte[cell];
    for (int i = 0; i < k + m; i++) {
      shards[i] = arena.allocate(cell, 4096);
      random.nextBytes(bytes);
      MemorySegment.copy(bytes, 0, shards[i], ValueLayout.JAVA_BYTE, 0, cell);
    }
    buffers = new ByteBuffer[k + m];
    Arrays.setAll(buffers, i -> shards[i].asByteBuffer());
    data = Arrays.copyOf(shards, k);
    parity = Arrays.copyOfRange(shards, k, k + m);
    lostOne = new boolean[k + m];
    Arrays.fill(lostOne, 1, k + m, true);
    lostMost = new boolean[k + m];
    Arrays.fill(lostMost, m, k + m, true);
    most = IntStream.range(0, m).toArray();
    erasure.encode(data, parity, cell);
    awaitWarm();
  }

  private void awaitWarm() throws InterruptedException {
    erasure.warmUp();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!erasure.isWarm()) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException("The vector kernel did not become ready within 60 s");
      }
      Thread.sleep(10);
    }
  }

  @TearDown(Level.Trial)
  public void tearDown() {
    arena.close();
  }

  private void count(Coded coded) {
    coded.megabytes += data.length * (double) cell / 1e6;
  }

  @Benchmark
  public void encode(Coded coded) {
    erasure.encode(data, parity, cell);
    count(coded);
  }

  /** What a put does: parity, and a checksum of every shard. */
  @Benchmark
  public long encodeAndChecksum(Coded coded) {
    erasure.encode(data, parity, cell);
    long sum = 0;
    for (ByteBuffer shard : buffers) {
      crc.reset();
      crc.update(shard.clear());
      sum += crc.getValue();
    }
    count(coded);
    return sum;
  }

  /** A degraded read: one data shard from the others. */
  @Benchmark
  public void rebuildOne(Coded coded) {
    erasure.reconstruct(shards, lostOne, new int[] {0}, cell);
    count(coded);
  }

  /** As many data shards as may be lost. */
  @Benchmark
  public void rebuildMost(Coded coded) {
    erasure.reconstruct(shards, lostMost, most, cell);
    count(coded);
  }

  /** What a scrub does. */
  @Benchmark
  public boolean verify(Coded coded) {
    count(coded);
    return erasure.verify(data, parity, cell);
  }
}
