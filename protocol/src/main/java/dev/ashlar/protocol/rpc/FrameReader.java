package dev.ashlar.protocol.rpc;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.ArrayDeque;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Cuts what arrives into the greeting and frames (see {@link Frames}). A payload goes straight into
 * one direct buffer of its size; where {@link PayloadAllocator} is in use the socket writes into
 * that buffer itself. Lengths are checked before memory is taken. All methods run on the
 * connection's event loop.
 */
abstract class FrameReader extends ChannelInboundHandlerAdapter {
  private static final byte[] NO_BYTES = {};

  /** Memory for a header before any of it has come: a length alone takes no more. */
  private static final int FIRST_BYTES = 16 << 10;

  /** What the next bytes belong to. */
  private enum Part {
    GREETING,
    PREFIX,
    HEADER,
    PAYLOAD,
    /** Nothing more is wanted: the connection is about to close. */
    NONE
  }

  private final ArrayDeque<ByteBuf> held = new ArrayDeque<>();
  private Part part = Part.GREETING;
  private byte[] target = new byte[Frames.GREETING_BYTES];

  /** How long the target becomes, if that many bytes really come. */
  private int wanted = Frames.GREETING_BYTES;

  private int filled;
  private byte kind;
  private long id;
  private int payloadLength;
  private byte[] header = NO_BYTES;
  private @Nullable ByteBuf payload;
  private boolean paused;
  private boolean reading;

  /** The other side's greeting. */
  abstract void onGreeting(ChannelHandlerContext ctx, int version, int role);

  /** A whole frame. The receiver owns the payload. */
  abstract void onFrame(
      ChannelHandlerContext ctx,
      byte frameKind,
      long requestId,
      byte[] frameHeader,
      ByteBuf framePayload);

  /**
   * Bytes that are no greeting or frame. Nothing more is read; the receiver closes the connection.
   */
  abstract void onGarbage(ChannelHandlerContext ctx, String what);

  /** A buffer that wants many bytes from the socket next, or null. */
  final @Nullable ByteBuf wanting() {
    ByteBuf buffer = payload;
    return part == Part.PAYLOAD
            && held.isEmpty()
            && buffer != null
            && buffer.writableBytes() >= PayloadAllocator.MIN_BYTES
        ? buffer
        : null;
  }

  /** Reads no more frames until {@link #resume}. */
  final void pause(ChannelHandlerContext ctx) {
    if (!paused) {
      paused = true;
      ctx.channel().config().setAutoRead(false);
    }
  }

  final void resume(ChannelHandlerContext ctx) {
    if (paused) {
      paused = false;
      if (!reading) {
        readHeld(ctx);
      }
      if (!paused) {
        ctx.channel().config().setAutoRead(true);
      }
    }
  }

  /** Reads nothing more, ever. */
  final void stop() {
    part = Part.NONE;
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // equal bytes in another buffer are another matter
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf in = (ByteBuf) message;
    if (in == payload) {
      in.release(); // the socket wrote into the payload itself: drop the reference that the
      // allocator took
      if (part == Part.PAYLOAD && !in.isWritable()) {
        reading = true;
        deliver(ctx);
        reading = false;
        readHeld(ctx);
      }
      return;
    }
    held.add(in);
    readHeld(ctx);
  }

  private void readHeld(ChannelHandlerContext ctx) {
    if (reading) {
      return;
    }
    reading = true;
    try {
      ByteBuf in;
      while ((in = held.peek()) != null && (!paused || part == Part.NONE)) {
        if (in.isReadable() && part != Part.NONE) {
          step(ctx, in);
        } else {
          held.remove();
          in.release();
        }
      }
    } finally {
      reading = false;
    }
  }

  private void step(ChannelHandlerContext ctx, ByteBuf in) {
    if (part == Part.PAYLOAD) {
      ByteBuf buffer = payload;
      if (buffer != null) {
        buffer.writeBytes(in, Math.min(in.readableBytes(), buffer.writableBytes()));
        if (!buffer.isWritable()) {
          deliver(ctx);
        }
      }
      return;
    }
    int count = Math.min(in.readableBytes(), target.length - filled);
    in.readBytes(target, filled, count);
    filled += count;
    if (filled == target.length && filled < wanted) {
      target = Arrays.copyOf(target, (int) Math.min(wanted, 2L * filled));
    } else if (filled == target.length) {
      filled = 0;
      switch (part) {
        case GREETING -> greeting(ctx, Unpooled.wrappedBuffer(target));
        case PREFIX -> prefix(ctx, Unpooled.wrappedBuffer(target));
        case HEADER -> {
          header = target;
          headerDone(ctx);
        }
        case PAYLOAD, NONE -> throw new IllegalStateException("Not read here: " + part);
      }
    }
  }

  private void greeting(ChannelHandlerContext ctx, ByteBuf in) {
    if (in.readInt() != Frames.MAGIC) {
      garbage(ctx, "it does not speak the Ashlar protocol");
      return;
    }
    expect(Part.PREFIX, Frames.PREFIX_BYTES);
    onGreeting(ctx, in.readUnsignedShort(), in.readUnsignedByte());
  }

  private void prefix(ChannelHandlerContext ctx, ByteBuf in) {
    long length = in.readUnsignedInt() - Frames.COUNTED_BYTES;
    kind = in.readByte();
    id = in.readLong();
    long headerLength = in.readUnsignedInt();
    long rest = length - headerLength;
    if (headerLength > Frames.HEADER_MAX || rest < 0 || rest > Frames.PAYLOAD_MAX) {
      garbage(
          ctx,
          "it sent a frame with a header of "
              + headerLength
              + " bytes and a payload of "
              + rest
              + ", allowed are "
              + Frames.HEADER_MAX
              + " and "
              + Frames.PAYLOAD_MAX);
      return;
    }
    if (kind < Frames.REQUEST || kind > Frames.REFUSAL) {
      garbage(ctx, "it sent a frame of the unknown kind " + kind);
      return;
    }
    payloadLength = (int) rest;
    header = NO_BYTES;
    if (headerLength > 0) {
      expect(Part.HEADER, (int) headerLength);
    } else {
      headerDone(ctx);
    }
  }

  private void headerDone(ChannelHandlerContext ctx) {
    if (payloadLength > 0) {
      part = Part.PAYLOAD;
      payload = ctx.alloc().directBuffer(payloadLength, payloadLength);
    } else {
      payload = Unpooled.EMPTY_BUFFER;
      deliver(ctx);
    }
  }

  private void deliver(ChannelHandlerContext ctx) {
    ByteBuf whole = payload == null ? Unpooled.EMPTY_BUFFER : payload;
    byte[] itsHeader = header;
    payload = null;
    header = NO_BYTES;
    expect(Part.PREFIX, Frames.PREFIX_BYTES);
    onFrame(ctx, kind, id, itsHeader, whole);
  }

  private void expect(Part next, int bytes) {
    part = next;
    filled = 0;
    wanted = bytes;
    if (target.length != bytes || next == Part.HEADER) {
      target = new byte[Math.min(bytes, FIRST_BYTES)];
    }
  }

  private void garbage(ChannelHandlerContext ctx, String what) {
    stop();
    onGarbage(ctx, what);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    stop();
    ByteBuf partial = payload;
    payload = null;
    if (partial != null) {
      partial.release();
    }
    if (!reading) {
      readHeld(ctx);
    }
    ctx.fireChannelInactive();
  }
}
