package dev.ashlar.chunkserver.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.ashlar.protocol.BlockKey;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Headers of log records, rows of seals and rows of the index, changed and random: read as they
 * were, or refused, in bounded time and memory.
 */
class StoreFuzzTest {
  private static final long BYTES_PER_BYTE = 64;
  private static final long BYTES_ALWAYS = 64 << 10;
  private static final long DISK = 99;
  private static final long AT = Address.of(3, 128);
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final long seed = Long.getLong("ashlar.seed", System.nanoTime());
  private final Random random = new Random(seed);

  @FunctionalInterface
  private interface Decoder {
    void read(byte[] bytes) throws IOException;
  }

  @Test
  void changedBytes() {
    rounds(15_000);
  }

  @Test
  @Tag("slow")
  void manyChangedBytes() {
    rounds(300_000 * Integer.getInteger("ashlar.rounds", 10));
  }

  private void rounds(int count) {
    System.out.println("StoreFuzzTest: -Dashlar.seed=" + seed);
    BlockKey block = new BlockKey(5, 2, 1);
    BlockRow row =
        new BlockRow(
            block,
            7,
            8,
            1,
            0,
            20_000,
            4,
            1,
            3,
            List.of(new Extent(Address.of(2, 64), 16_384), new Extent(Address.of(3, 64), 3_616)),
            new int[] {1, 2});
    byte[] body = new byte[row.bodyBytes()];
    row.encodeBody(ByteBuffer.wrap(body));
    ByteBuffer buffer = ByteBuffer.allocate(1_000);
    int start = LogRecord.begin(buffer, LogRecord.Type.SEAL, block, 8, 7, 0, 0, 0);
    row.encodeBody(buffer);
    LogRecord.end(buffer, start, 0, DISK, AT);
    byte[] record = Arrays.copyOf(buffer.array(), buffer.position());
    byte[] key = IndexKeys.block(block);
    assertTimeoutPreemptively(
        Duration.ofMinutes(Math.max(1, count / 100_000)),
        () -> {
          for (int i = 0; i < count; i++) {
            run(record, bytes -> sameRecord(record, bytes));
            run(body, b -> BlockRow.decodeBody(block, 7, 8, 3, ByteBuffer.wrap(b)));
            run(body, bytes -> BlockIndex.decode(block, key, bytes));
            run(new byte[16], bytes -> BlockIndex.requireSound(key, bytes));
          }
        });
  }

  private static void sameRecord(byte[] good, byte[] bytes) {
    @Nullable LogRecord read = LogRecord.read(ByteBuffer.wrap(bytes), DISK, AT);
    if (read != null) {
      assertTrue(bytes.length >= good.length);
      assertEquals(0, Arrays.compare(good, Arrays.copyOf(bytes, good.length)));
    }
  }

  /** Classes are loaded at first, which takes memory of its own. */
  private int warm = 200;

  private void run(byte[] good, Decoder decoder) {
    byte[] bytes = changed(good);
    long before = THREADS.getCurrentThreadAllocatedBytes();
    try {
      decoder.read(bytes);
    } catch (IOException | IllegalArgumentException e) {
      assertTrue(e.getMessage() != null, "says what is wrong");
    } catch (RuntimeException | Error e) {
      throw new AssertionError(HexFormat.of().formatHex(bytes) + ", seed " + seed, e);
    }
    long used = THREADS.getCurrentThreadAllocatedBytes() - before;
    assertTrue(
        warm-- > 0 || used <= BYTES_ALWAYS + BYTES_PER_BYTE * bytes.length,
        () -> used + " bytes for " + HexFormat.of().formatHex(bytes) + ", seed " + seed);
  }

  private byte[] changed(byte[] good) {
    byte[] bytes = good.clone();
    for (int n = 1 + random.nextInt(3); n > 0 && bytes.length > 0; n--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(6)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt();
        case 2 -> Arrays.fill(bytes, at, Math.min(bytes.length, at + 4), (byte) 0xFF);
        case 3 -> Arrays.fill(bytes, at, Math.min(bytes.length, at + 4), (byte) 0x7F);
        case 4 -> random.nextBytes(bytes);
        default -> bytes = Arrays.copyOf(bytes, at);
      }
    }
    return bytes;
  }
}
