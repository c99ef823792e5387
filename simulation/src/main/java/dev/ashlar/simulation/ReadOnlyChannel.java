package dev.ashlar.simulation;

import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/** A channel of which only the size and reads at a position are ever used. */
abstract class ReadOnlyChannel extends FileChannel {
  private static UnsupportedOperationException no() {
    return new UnsupportedOperationException("A simulated file is only read at positions");
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
  public FileChannel truncate(long size) {
    throw no();
  }

  @Override
  public void force(boolean metaData) {
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
  public int write(ByteBuffer from, long position) {
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
