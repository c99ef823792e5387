package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.message.RecordCodec;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.DefaultFileRegion;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;

/** Puts frames on a channel, from any thread, header and payload in one piece and without copying the payload. */
final class FrameSender {
  private FrameSender() {}

  private static ByteBuf head(Channel channel, byte kind, long id, Message message, long payloadLength) {
    byte[] header = RecordCodec.encodeMessage(message);
    if (header.length > Wire.HEADER_BYTES_MAX || payloadLength > Wire.PAYLOAD_BYTES_MAX) {
      throw new IllegalArgumentException("A frame of " + header.length + " + " + payloadLength + " bytes is beyond the limits");
    }
    ByteBuf out = channel.alloc().directBuffer(Wire.HEAD_BYTES + header.length);
    out.writeInt((int) (Wire.HEAD_BYTES - Wire.LENGTH_BYTES + header.length + payloadLength));
    return out.writeByte(kind).writeLong(id).writeInt(header.length).writeBytes(header);
  }

  /** Sends message and payload, whose ownership passes; {@code failed} runs if they cannot leave. */
  static void send(Channel channel, byte kind, long id, Message message, ByteBuf payload, Runnable failed) {
    ByteBuf head;
    try {
      head = head(channel, kind, id, message, payload.readableBytes());
    } catch (RuntimeException e) {
      payload.release();
      throw e;
    }
    onLoop(
        channel,
        () -> {
          if (payload.isReadable()) {
            channel.write(head, channel.voidPromise());
            listen(channel.writeAndFlush(payload), failed);
          } else {
            payload.release();
            listen(channel.writeAndFlush(head), failed);
          }
        },
        () -> {
          head.release();
          payload.release();
          failed.run();
        });
  }

  /** Sends message and parts of files; {@code done} runs once they have left or cannot. */
  static void send(Channel channel, byte kind, long id, Message message, List<FileSlice> slices, Runnable done) {
    ByteBuf head = head(channel, kind, id, message, slices.stream().mapToLong(FileSlice::length).sum());
    onLoop(
        channel,
        () -> {
          ChannelFuture last = channel.write(head);
          for (FileSlice slice : slices) {
            last = channel.write(new BorrowedFileRegion(slice));
          }
          channel.flush();
          last.addListener(f -> done.run());
        },
        () -> {
          head.release();
          done.run();
        });
  }

  private static void listen(ChannelFuture written, Runnable failed) {
    written.addListener(
        f -> {
          if (!f.isSuccess()) {
            failed.run();
          }
        });
  }

  private static void onLoop(Channel channel, Runnable work, Runnable rejected) {
    if (channel.eventLoop().inEventLoop()) {
      work.run();
      return;
    }
    try {
      channel.eventLoop().execute(work);
    } catch (RejectedExecutionException e) {
      rejected.run(); // the loops end with the process: nothing can be sent any more
    }
  }

  /** A part of a file that somebody else closes. */
  private static final class BorrowedFileRegion extends DefaultFileRegion {
    BorrowedFileRegion(FileSlice slice) {
      super(slice.file(), slice.position(), slice.length());
    }

    @Override
    protected void deallocate() {
      // the file stays open: its owner learns through onSent
    }
  }
}
