package dev.ashlar.protocol.rpc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.Seed;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayDeque;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Frames cut at any place, with pauses anywhere, come out whole and in order. */
@ExtendWith(LeakCheck.class)
class FrameReaderTest {
  private final long seed = Seed.next();
  private final Random random = new Random(seed);

  private record Expected(byte kind, long id, byte[] header, byte[] payload) {}

  private final class Reader extends FrameReader {
    final ArrayDeque<Expected> expected = new ArrayDeque<>();
    boolean greeted;
    @Nullable String garbage;
    @Nullable ChannelHandlerContext paused;

    @Override
    void onGreeting(ChannelHandlerContext ctx, int version, int role) {
      assertEquals(0x1234, version);
      assertEquals(0xAB, role);
      greeted = true;
    }

    @Override
    void onFrame(ChannelHandlerContext ctx, byte kind, long id, byte[] header, ByteBuf payload) {
      Expected next = expected.remove();
      assertEquals(next.id, id, () -> "seed " + seed);
      assertEquals(next.kind, kind);
      assertArrayEquals(next.header, header);
      assertArrayEquals(next.payload, ByteBufUtil.getBytes(payload));
      payload.release();
      assertTrue(paused == null, "A frame came while reading was paused");
      if (random.nextInt(4) == 0) {
        pause(ctx);
        paused = ctx;
      }
    }

    @Override
    void onGarbage(ChannelHandlerContext ctx, String what) {
      garbage = what;
    }

    void goOn() {
      ChannelHandlerContext ctx = paused;
      paused = null;
      if (ctx != null) {
        resume(ctx);
      }
    }
  }

  @Test
  void framesCutAnywhereComeOutWhole() {
    for (int round = 0; round < 60; round++) {
      Reader reader = new Reader();
      EmbeddedChannel channel = new EmbeddedChannel(reader);
      ByteBuf stream = stream(reader, random.nextInt(30));
      while (stream.isReadable()) {
        feed(channel, reader, stream);
        if (random.nextInt(3) == 0) {
          reader.goOn();
        }
      }
      stream.release();
      while (reader.paused != null) {
        reader.goOn();
      }
      assertTrue(reader.greeted);
      assertTrue(reader.expected.isEmpty(), () -> "seed " + seed);
      assertTrue(reader.garbage == null);
      var _ = channel.close();
    }
  }

  @Test
  void connectionThatEndsInAFrameReleasesIt() {
    for (int round = 0; round < 60; round++) {
      Reader reader = new Reader();
      EmbeddedChannel channel = new EmbeddedChannel(reader);
      ByteBuf stream = stream(reader, 5);
      int end = random.nextInt(stream.readableBytes());
      ByteBuf part = stream.readRetainedSlice(end);
      while (part.isReadable()) {
        feed(channel, reader, part);
      }
      part.release();
      stream.release();
      var _ = channel.close();
    }
  }

  /**
   * Gives the reader some bytes: as the socket does, into the buffer that is waiting for them if
   * there is one.
   */
  private void feed(EmbeddedChannel channel, FrameReader reader, ByteBuf stream) {
    ByteBuf wanting = random.nextInt(3) == 0 ? null : reader.wanting();
    ByteBuf to;
    if (wanting != null) {
      to = wanting.retain();
      to.writeBytes(
          stream, Math.min(stream.readableBytes(), 1 + random.nextInt(to.writableBytes())));
    } else {
      int count =
          Math.min(stream.readableBytes(), 1 + random.nextInt(random.nextBoolean() ? 10 : 20_000));
      to = PooledByteBufAllocator.DEFAULT.directBuffer(count).writeBytes(stream, count);
    }
    channel.pipeline().fireChannelRead(to);
    channel.runPendingTasks();
  }

  private ByteBuf stream(Reader reader, int frames) {
    ByteBuf stream = PooledByteBufAllocator.DEFAULT.directBuffer();
    stream.writeInt(Frames.MAGIC).writeShort(0x1234).writeByte(0xAB);
    for (int i = 0; i < frames; i++) {
      byte[] header = bytes(random.nextInt(300));
      byte[] payload =
          bytes(random.nextInt(4) == 0 ? 0 : random.nextInt(random.nextBoolean() ? 50 : 200_000));
      Expected frame =
          new Expected((byte) (1 + random.nextInt(3)), random.nextLong(), header, payload);
      reader.expected.add(frame);
      stream
          .writeInt(Frames.COUNTED_BYTES + header.length + payload.length)
          .writeByte(frame.kind)
          .writeLong(frame.id)
          .writeInt(header.length);
      stream.writeBytes(header).writeBytes(payload);
    }
    return stream;
  }

  private byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return bytes;
  }
}
