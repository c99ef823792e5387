package dev.ashlar.chunkserver.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** What a {@link DirectAppender} writes a recorded file through: no other method is used. */
final class CrashChannel extends PositionedChannel {
  private final CrashIo io;
  private final CrashIo.Content content;

  CrashChannel(CrashIo io, CrashIo.Content content) {
    this.io = io;
    this.content = content;
  }

  @Override
  public int read(ByteBuffer into, long position) {
    int n = content.read(into, position);
    return n == 0 && into.hasRemaining() ? -1 : n;
  }

  @Override
  public int write(ByteBuffer from, long position) throws IOException {
    int bytes = from.remaining();
    io.write(content, position, CrashIo.bytes(bytes, from));
    return bytes;
  }

  @Override
  public FileChannel truncate(long size) throws IOException {
    io.truncate(content, size);
    return this;
  }

  @Override
  public void force(boolean metaData) throws IOException {
    io.sync(content);
  }

  @Override
  public long size() {
    return content.size();
  }
}
