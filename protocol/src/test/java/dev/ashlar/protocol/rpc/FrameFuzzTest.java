package dev.ashlar.protocol.rpc;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.ashlar.protocol.Seed;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.embedded.EmbeddedChannel;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Streams of changed frames and of noise end in frames or in garbage, nothing else, and take memory
 * for what came, not for what was announced.
 */
class FrameFuzzTest {
  private static final long BYTES_PER_BYTE = 64;
  private static final long BYTES_ALWAYS = 256 << 10;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final long seed = Seed.next();
  private final Random random = new Random(seed);

  private static final class Sink extends FrameReader {
    @Override
    void onGreeting(ChannelHandlerContext ctx, int version, int role) {
      assertTrue(!Greeting.name(role).isEmpty());
    }

    @Override
    void onFrame(ChannelHandlerContext ctx, byte kind, long id, byte[] header, ByteBuf payload) {
      payload.release();
    }

    @Override
    void onGarbage(ChannelHandlerContext ctx, String what) {
      assertTrue(!what.isEmpty());
    }
  }

  @Test
  void changedStreams() {
    rounds(3_000);
  }

  @Test
  @Tag("slow")
  void manyChangedStreams() {
    rounds(100_000 * Integer.getInteger("ashlar.rounds", 10));
  }

  private void rounds(int count) {
    assertTimeoutPreemptively(
        Duration.ofMinutes(Math.max(1, count / 50_000)),
        () -> {
          feed(stream());
          for (int i = 0; i < count; i++) {
            feed(changed(stream()));
          }
        });
  }

  /** A header's length alone is no reason to take memory. */
  @Test
  void announcedHeadersTakeNoMemory() {
    ByteBuffer b = ByteBuffer.allocate(Frames.GREETING_BYTES + Frames.PREFIX_BYTES);
    greeting(b);
    b.putInt(Frames.COUNTED_BYTES + Frames.HEADER_MAX).put((byte) 1).putLong(1);
    b.putInt(Frames.HEADER_MAX);
    feed(stream());
    feed(b.array());
  }

  private static void greeting(ByteBuffer b) {
    b.putInt(Frames.MAGIC).putShort((short) Frames.VERSION).put((byte) 1);
  }

  private byte[] stream() {
    ByteBuffer b = ByteBuffer.allocate(4_000);
    greeting(b);
    while (b.remaining() > 600) {
      byte[] header = new byte[random.nextInt(300)];
      byte[] payload = new byte[random.nextBoolean() ? 0 : random.nextInt(200)];
      random.nextBytes(header);
      b.putInt(Frames.COUNTED_BYTES + header.length + payload.length);
      b.put((byte) (1 + random.nextInt(3))).putLong(random.nextLong()).putInt(header.length);
      b.put(header).put(payload);
    }
    return Arrays.copyOf(b.array(), b.position());
  }

  /** No payload is announced that does not come: those have one buffer each, limited elsewhere. */
  private byte[] changed(byte[] good) {
    byte[] bytes = good.clone();
    for (int n = 1 + random.nextInt(3); n > 0; n--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(5)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt();
        case 2 -> Arrays.fill(bytes, at, Math.min(bytes.length, at + 4), (byte) 0xFF);
        case 3 -> bytes = Arrays.copyOf(bytes, at + 1);
        default -> System.arraycopy(good, 0, bytes, at, Math.min(good.length, bytes.length - at));
      }
    }
    return bytes;
  }

  private void feed(byte[] bytes) {
    EmbeddedChannel channel = new EmbeddedChannel(new Sink());
    long before = THREADS.getCurrentThreadAllocatedBytes();
    try {
      for (int at = 0; at < bytes.length; ) {
        int part = Math.min(bytes.length - at, 1 + random.nextInt(900));
        channel.writeInbound(Unpooled.copiedBuffer(bytes, at, part));
        at += part;
      }
      channel.checkException();
    } catch (RuntimeException | Error e) {
      throw new AssertionError("Stream " + ByteBufUtil.hexDump(bytes) + ", seed " + seed, e);
    }
    long used = THREADS.getCurrentThreadAllocatedBytes() - before;
    channel.finishAndReleaseAll();
    assertTrue(
        used <= BYTES_ALWAYS + BYTES_PER_BYTE * bytes.length,
        () -> used + " bytes taken for " + ByteBufUtil.hexDump(bytes) + ", seed " + seed);
  }
}
