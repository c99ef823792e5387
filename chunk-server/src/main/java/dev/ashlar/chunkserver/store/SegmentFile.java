package dev.ashlar.chunkserver.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * One file of the log. Reads are positional and come from any thread; all else comes from the
 * disk's own thread. Whatever must open the file first throws an AshlarException RETRY if the
 * process has no descriptor left: nothing was done then, and it says nothing about the file.
 */
public interface SegmentFile extends AutoCloseable {
  long size() throws IOException;

  /** Bytes it takes on disk: less than its size where ranges were given back. */
  long allocated() throws IOException;

  /**
   * Writes all remaining bytes of the buffers, one after the other, at a position. They can be read
   * after {@link #sync}, and perhaps before.
   *
   * @throws NoSpaceException if the file system is full; part of the bytes may be there
   */
  void write(long position, ByteBuffer... parts) throws IOException;

  /** Reads until the buffer is full or the file ends; answers how many bytes came. */
  int read(ByteBuffer into, long position) throws IOException;

  /**
   * Hands what waits in this process's memory to the system, so that the process's end does not
   * lose it. Nothing is on media for that.
   */
  default void handOn() throws IOException {}

  /**
   * After this, what was written is on media. If it fails, nothing is known about any of it, and
   * asking again would lie.
   */
  void sync() throws IOException;

  void truncate(long size) throws IOException;

  /**
   * Gives the space of a range back; it reads as zeros then. False if the file system cannot.
   *
   * @throws NoSpaceException if it is too full for that at present
   */
  boolean punch(long position, long length) throws IOException;

  /**
   * Makes the next reads of a synced range come from media instead of the page cache, where the
   * system lets us.
   */
  void forget(long position, long length) throws IOException;

  /** No more writing is meant; synced before. Frees what only writing needs. */
  void endWriting() throws IOException;

  /**
   * For sending bytes without copying them, by any thread. Owned by this file; open until as many
   * {@link #release}s as calls of this.
   */
  FileChannel channel() throws IOException;

  /** Ends one use of {@link #channel}. Any thread. */
  default void release() {}

  @Override
  void close() throws IOException;
}
