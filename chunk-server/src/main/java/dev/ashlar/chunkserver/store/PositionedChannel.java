package dev.ashlar.chunkserver.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/**
 * What a {@link SegmentFile} that is no real file can offer as its channel: it is used at positions
 * only. Whatever a subclass does not offer, nobody asks for.
 */
public abstract class PositionedChannel extends FileChannel {
  private static UnsupportedOperationException no() {
    return new UnsupportedOperationException("A file that is not real is used at positions only");
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
  public FileChannel truncate(long size) throws IOException {
    throw no();
  }

  @Override
  public void force(boolean metaData) throws IOException {
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
  public int write(ByteBuffer from, long position) throws IOException {
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
