package dev.ashlar.chunkserver.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/** What a {@link DirectAppender} writes a recorded file through: no other method is used. */
final class CrashChannel extends FileChannel {
  private final CrashIo io;
  private final CrashIo.Content content;

  CrashChannel(CrashIo io, CrashIo.Content content) {
    this.io = io;
    this.content = content;
  }

  private static UnsupportedOperationException no() {
    return new UnsupportedOperationException("A recorded file is used at positions only");
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

  @Override
  public int read(ByteBuffer into) {
    throw no();
  }

  @Override
  public long read(ByteBuffer[] into, int offset, int length) {
    throw no();
  }

  @Override
  public int write(ByteBuffer from) {
    throw no();
  }

  @Override
  public long write(ByteBuffer[] from, int offset, int length) {
    throw no();
  }

  @Override
  public long position() {
    throw no();
  }

  @Override
  public FileChannel position(long position) {
    throw no();
  }

  @Override
  public long transferTo(long position, long count, WritableByteChannel target) {
    throw no();
  }

  @Override
  public long transferFrom(ReadableByteChannel source, long position, long count) {
    throw no();
  }

  @Override
  public MappedByteBuffer map(MapMode mode, long position, long size) {
    throw no();
  }

  @Override
  public FileLock lock(long position, long size, boolean shared) {
    throw no();
  }

  @Override
  public FileLock tryLock(long position, long size, boolean shared) {
    throw no();
  }

  @Override
  protected void implCloseChannel() {}
}
