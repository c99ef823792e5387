package dev.ashlar.protocol.message;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.ashlar.protocol.Seed;
import io.netty.buffer.ByteBufUtil;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Bad bytes lead to a DecodeException or to a message, to nothing else, and not to much memory. */
class RecordFuzzTest {
  /** What a byte of input may cost: a record of zero components and a place in a list. */
  private static final long BYTES_PER_BYTE = 64;

  private static final long BYTES_ALWAYS = 64 << 10;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final long seed = Seed.next();
  private final Random random = new Random(seed);

  @Test
  void randomBytes() {
    warmUp();
    List<Class<?>> members = RandomRecords.members(Message.class);
    for (int i = 0; i < 50_000; i++) {
      byte[] bytes = new byte[random.nextInt(60)];
      random.nextBytes(bytes);
      if (bytes.length > 3) {
        int tag = members.get(random.nextInt(members.size())).getAnnotation(Tag.class).value();
        bytes[0] = (byte) (tag & 0x7F | 0x80);
        bytes[1] = (byte) (tag >> 7);
        bytes[2] = (byte) (bytes.length - 3);
      }
      decode(bytes);
    }
  }

  @Test
  void changedMessages() {
    warmUp();
    RandomRecords records = new RandomRecords(seed);
    List<Class<?>> members = RandomRecords.members(Message.class);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = RecordCodec.encodeTagged(records.record(members.get(i % members.size())));
      for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
        bytes = change(bytes);
      }
      decode(bytes);
    }
  }

  @Test
  void everyTruncationOfAMessage() {
    RandomRecords records = new RandomRecords(seed);
    for (Class<?> type : RandomRecords.members(Message.class)) {
      byte[] bytes = RecordCodec.encodeTagged(records.record(type));
      for (int length = 0; length < Math.min(bytes.length, 500); length++) {
        byte[] cut = Arrays.copyOf(bytes, length);
        org.junit.jupiter.api.Assertions.assertThrows(
            DecodeException.class,
            () -> RecordCodec.decodeMessage(ByteBuffer.wrap(cut)),
            () -> type + " seed " + seed);
      }
    }
  }

  private byte[] change(byte[] bytes) {
    if (bytes.length == 0) {
      return new byte[] {(byte) random.nextInt()};
    }
    int at = random.nextInt(bytes.length);
    byte[] changed = bytes.clone();
    switch (random.nextInt(6)) {
      case 0 -> changed[at] = (byte) random.nextInt();
      case 1 -> changed[at] ^= (byte) (1 << random.nextInt(8));
      case 2 -> changed[at] = (byte) 0xFF;
      case 3 -> Arrays.fill(changed, at, Math.min(bytes.length, at + 9), (byte) 0xFF);
      case 4 -> changed = Arrays.copyOf(bytes, at);
      default -> System.arraycopy(bytes, 0, changed, at, bytes.length - at);
    }
    return changed;
  }

  /** Twice if it takes much: the first time a message is worded, the JVM links its words. */
  private void decode(byte[] bytes) {
    long most = BYTES_ALWAYS + BYTES_PER_BYTE * bytes.length;
    long used = taken(bytes);
    if (used > most) {
      used = taken(bytes);
    }
    long last = used;
    assertTrue(
        last <= most,
        () -> last + " bytes taken for " + ByteBufUtil.hexDump(bytes) + ", seed " + seed);
  }

  /** Bytes of memory that decoding takes. */
  private long taken(byte[] bytes) {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    try {
      Message _ = RecordCodec.decodeMessage(ByteBuffer.wrap(bytes));
    } catch (DecodeException e) {
      // What is asked for.
    } catch (RuntimeException | Error e) {
      throw new AssertionError("Bytes " + ByteBufUtil.hexDump(bytes) + ", seed " + seed, e);
    }
    return THREADS.getCurrentThreadAllocatedBytes() - before;
  }

  /** Makes the plans of all types, which takes memory of its own. */
  private static void warmUp() {
    RandomRecords records = new RandomRecords(1);
    for (int i = 0; i < 20; i++) {
      for (Class<?> type : RandomRecords.members(Message.class)) {
        try {
          Message _ =
              RecordCodec.decodeMessage(
                  ByteBuffer.wrap(RecordCodec.encodeTagged(records.record(type))));
        } catch (DecodeException e) {
          throw new AssertionError(e);
        }
      }
    }
  }
}
