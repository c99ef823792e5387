package dev.ashlar.chunkserver.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import org.jspecify.annotations.Nullable;

/**
 * A segment of a recorded disk as one life of the store holds it, written through the page cache or
 * past it with the {@link DirectAppender} of the real one.
 */
final class CrashFile implements SegmentFile {
  private final CrashIo io;
  private final CrashIo.Content content;
  private @Nullable DirectAppender appender;

  CrashFile(CrashIo io, CrashIo.Content content) {
    this.io = io;
    this.content = content;
  }

  @Override
  public long size() {
    return content.size();
  }

  @Override
  public long allocated() {
    return content.allocated();
  }

  @Override
  public void write(long position, ByteBuffer... parts) throws IOException {
    int bytes = 0;
    for (ByteBuffer part : parts) {
      bytes += part.remaining();
    }
    long room = io.usableBytes();
    if (room < bytes) {
      if (!io.direct()) {
        io.write(content, position, CrashIo.bytes((int) room, parts));
      }
      throw new NoSpaceException("simulated: full", new IOException("full"));
    }
    if (!io.direct()) {
      io.write(content, position, CrashIo.bytes(bytes, parts));
      return;
    }
    DirectAppender direct = appender;
    if (direct == null) {
      direct = DirectAppender.over(new CrashChannel(io, content), io.memory());
      appender = direct;
    }
    direct.append(position, parts);
  }

  @Override
  public int read(ByteBuffer into, long position) {
    return content.read(into, position);
  }

  @Override
  public void handOn() throws IOException {
    DirectAppender direct = appender;
    if (direct != null) {
      direct.flush();
    }
  }

  @Override
  public void sync() throws IOException {
    DirectAppender direct = appender;
    if (direct != null) {
      direct.sync();
    } else {
      io.sync(content);
    }
  }

  @Override
  public void truncate(long size) throws IOException {
    DirectAppender direct = appender;
    if (direct != null) {
      direct.truncate(size);
    } else {
      io.truncate(content, size);
    }
  }

  @Override
  public boolean punch(long position, long length) throws IOException {
    if (io.punching()) {
      int bytes = (int) Math.clamp(content.size() - position, 0, length);
      io.write(content, position, new byte[bytes]);
    }
    return io.punching();
  }

  @Override
  public void forget(long position, long length) {}

  @Override
  public void endWriting() throws IOException {
    DirectAppender direct = appender;
    appender = null;
    if (direct != null) {
      direct.close();
    }
  }

  @Override
  public FileChannel channel() throws IOException {
    throw new IOException("A recorded file is not sent");
  }

  @Override
  public void close() throws IOException {
    if (io.alive()) {
      endWriting();
    }
  }
}
