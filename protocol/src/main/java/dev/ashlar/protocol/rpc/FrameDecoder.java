package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.message.DecodeException;
import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.message.RecordCodec;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Cuts the stream into a {@link Greeting} and {@link Frame}s. Payload bytes go from the receive buffer straight into one pooled direct buffer of the exact size.
 * All lengths are checked before memory is taken. Bad bytes end in a {@link DecodeException}; nothing is read after it.
 */
final class FrameDecoder extends ChannelInboundHandlerAdapter {
  private final ByteBuffer head = ByteBuffer.allocate(Wire.HEAD_BYTES);
  private boolean greeted;
  private boolean failed;
  private byte kind;
  private long id;
  private byte @Nullable [] header;
  private int headerFilled;
  private int payloadLength;
  private @Nullable ByteBuf payload;

  FrameDecoder() {
    head.limit(Wire.GREETING_BYTES);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object received) throws DecodeException {
    ByteBuf in = (ByteBuf) received;
    try {
      while (!failed && in.isReadable()) {
        step(context, in);
      }
    } catch (DecodeException e) {
      failed = true; // the stream makes no sense from here on
      throw e;
    } finally {
      in.release();
    }
  }

  private void step(ChannelHandlerContext context, ByteBuf in) throws DecodeException {
    if (header == null) {
      readHead(context, in);
    } else if (headerFilled < header.length) {
      int count = Math.min(in.readableBytes(), header.length - headerFilled);
      in.readBytes(header, headerFilled, count);
      headerFilled += count;
    } else if (payload != null) {
      in.readBytes(payload, Math.min(in.readableBytes(), payload.writableBytes()));
    }
    if (header != null && headerFilled == header.length && (payload == null ? payloadLength == 0 : !payload.isWritable())) {
      deliver(context, header);
    }
  }

  private void readHead(ChannelHandlerContext context, ByteBuf in) throws DecodeException {
    int count = Math.min(in.readableBytes(), head.remaining());
    int limit = head.limit();
    head.limit(head.position() + count);
    in.readBytes(head);
    head.limit(limit);
    if (head.hasRemaining()) {
      return;
    }
    head.flip();
    if (greeted) {
      beginFrame(context);
    } else {
      greeted = true;
      if (head.getInt() != Wire.MAGIC) {
        throw new DecodeException("This is not Ashlar's protocol");
      }
      context.fireChannelRead(new Greeting(head.getShort() & 0xFFFF, head.get() & 0xFF));
    }
    head.clear().limit(Wire.HEAD_BYTES);
  }

  private void beginFrame(ChannelHandlerContext context) throws DecodeException {
    long length = Integer.toUnsignedLong(head.getInt());
    kind = head.get();
    id = head.getLong();
    long headerLength = Integer.toUnsignedLong(head.getInt());
    long rest = length - (Wire.HEAD_BYTES - Wire.LENGTH_BYTES) - headerLength;
    if (headerLength > Wire.HEADER_BYTES_MAX || rest < 0 || rest > Wire.PAYLOAD_BYTES_MAX) {
      throw new DecodeException("A frame of " + length + " bytes with a header of " + headerLength + " is beyond the limits");
    }
    header = new byte[(int) headerLength];
    headerFilled = 0;
    payloadLength = (int) rest;
    payload = payloadLength == 0 ? null : context.alloc().directBuffer(payloadLength, payloadLength);
  }

  private void deliver(ChannelHandlerContext context, byte[] headerBytes) throws DecodeException {
    ByteBuf bytes = payload == null ? Unpooled.EMPTY_BUFFER : payload;
    header = null;
    payload = null;
    Message message;
    try {
      message = RecordCodec.decodeMessage(ByteBuffer.wrap(headerBytes));
    } catch (DecodeException e) {
      bytes.release();
      throw e;
    }
    context.fireChannelRead(new Frame(kind, id, message, bytes));
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    failed = true;
    if (payload != null) {
      payload.release();
      payload = null;
    }
  }
}
