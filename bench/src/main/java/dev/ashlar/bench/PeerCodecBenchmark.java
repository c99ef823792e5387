package dev.ashlar.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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
 * What others do in the place of our codec, to be run together with {@link CodecBenchmark}: Intel's
 * ISA-L, if the system has it (Debian: libisal2), and the loop over a multiplication table that
 * Java libraries have. Any product costs them the same, so their matrices are not ours.
 *
 * <p>{@code bin/ashlar bench codec 'CodecBenchmark.(encode|rebuildOne)|PeerCodecBenchmark'}
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 7, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@SuppressWarnings("NullAway.Init") // JMH calls setUp first
public class PeerCodecBenchmark {
  private static final String LIBRARY = "libisal.so.2";

  @Param({"isa-l", "java-table"})
  public String peer;

  @Param({"rs-4-2", "rs-6-3", "rs-10-4"})
  public String code;

  @Param("65536")
  public int cell;

  private int k;
  private int m;
  private Arena arena;
  private Product encode;
  private Product one;

  /** A matrix times the data. */
  private interface Product {
    void run() throws Throwable;
  }

  @Setup(Level.Trial)
  public void setUp() throws Throwable {
    String[] words = code.split("-", -1);
    k = Integer.parseInt(words[1]);
    m = Integer.parseInt(words[2]);
    arena = Arena.ofShared();
    encode = peer.equals("isa-l") ? isaL(m) : table(m);
    one = peer.equals("isa-l") ? isaL(1) : table(1);
  }

  @TearDown(Level.Trial)
  public void tearDown() {
    arena.close();
  }

  @SuppressWarnings("restricted") // a benchmark may
  private Product isaL(int rows) throws Throwable {
    SymbolLookup library;
    try {
      library = SymbolLookup.libraryLookup(LIBRARY, arena);
    } catch (IllegalArgumentException e) {
      throw new IllegalStateException(
          "There is no " + LIBRARY + " here: install ISA-L (Debian: libisal2), or leave isa-l out",
          e);
    }
    Linker linker = Linker.nativeLinker();
    ValueLayout i = ValueLayout.JAVA_INT;
    ValueLayout p = ValueLayout.ADDRESS;
    MethodHandle cauchy =
        linker.downcallHandle(
            library.findOrThrow("gf_gen_cauchy1_matrix"), FunctionDescriptor.ofVoid(p, i, i));
    MethodHandle tables =
        linker.downcallHandle(
            library.findOrThrow("ec_init_tables"), FunctionDescriptor.ofVoid(i, i, p, p));
    MethodHandle product =
        linker.downcallHandle(
            library.findOrThrow("ec_encode_data"), FunctionDescriptor.ofVoid(i, i, i, p, p, p));
    MemorySegment matrix = arena.allocate((long) (k + m) * k);
    cauchy.invokeExact(matrix, k + m, k);
    MemorySegment expanded = arena.allocate(32L * k * rows, 64);
    tables.invokeExact(k, rows, matrix.asSlice((long) k * k), expanded);
    MemorySegment from = cells(k);
    MemorySegment to = cells(rows);
    return () -> {
      product.invokeExact(cell, k, rows, expanded, from, to);
    };
  }

  /** Addresses of so many cells of random bytes. */
  private MemorySegment cells(int count) {
    MemorySegment addresses = arena.allocate(ValueLayout.ADDRESS, count);
    for (int i = 0; i < count; i++) {
      MemorySegment c = arena.allocate(cell, 4096);
      MemorySegment.copy(random(i), 0, c, ValueLayout.JAVA_BYTE, 0, cell);
      addresses.setAtIndex(ValueLayout.ADDRESS, i, c);
    }
    return addresses;
  }

  private byte[] random(int seed) {
    byte[] bytes = new byte[cell];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private Product table(int rows) {
    byte[][] products = new byte[256][256];
    for (int a = 0; a < 256; a++) {
      for (int b = 0; b < 256; b++) {
        int product = 0;
        for (int bit = 7; bit >= 0; bit--) {
          product = product << 1 ^ ((product & 0x80) != 0 ? 0x11D : 0);
          product ^= (b >> bit & 1) * a;
        }
        products[a][b] = (byte) product;
      }
    }
    byte[][] from = new byte[k][];
    for (int i = 0; i < k; i++) {
      from[i] = random(i);
    }
    byte[][] to = new byte[rows][cell];
    return () -> {
      for (int row = 0; row < rows; row++) {
        for (int i = 0; i < k; i++) {
          byte[] times = products[3 + row * 37 + i * 11 & 0xFF];
          byte[] in = from[i];
          byte[] out = to[row];
          if (i == 0) {
            for (int at = 0; at < cell; at++) {
              out[at] = times[in[at] & 0xFF];
            }
          } else {
            for (int at = 0; at < cell; at++) {
              out[at] ^= times[in[at] & 0xFF];
            }
          }
        }
      }
    };
  }

  @Benchmark
  public void encode(CodecBenchmark.Coded coded) throws Throwable {
    encode.run();
    coded.megabytes += k * (double) cell / 1e6;
  }

  /** A degraded read: one data shard from the others. */
  @Benchmark
  public void rebuildOne(CodecBenchmark.Coded coded) throws Throwable {
    one.run();
    coded.megabytes += k * (double) cell / 1e6;
  }
}
