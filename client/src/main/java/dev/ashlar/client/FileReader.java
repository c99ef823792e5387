package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.message.Attr;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/**
 * One committed version of a file's content, the one that was current when it was opened.
 * Thread-safe.
 *
 * <p>If the file changes and the old version is gone before it was read, reading fails with {@link
 * dev.ashlar.protocol.ErrorCode#CONFLICT}: open it again and start over. Lost, slow or corrupt
 * blocks within the tolerance of the policy are made good and not noticed; beyond it reading fails
 * with DATA_LOST, or with DATA_AWAY as long as enough blocks are on servers that merely do not
 * answer.
 */
public interface FileReader extends AutoCloseable {
  /** Attributes of the version that is read. */
  Attr attr();

  /** Bytes of the version that is read. */
  default long size() {
    return attr().size();
  }

  /**
   * Reads from {@code offset} until {@code target} is full or the file ends.
   *
   * @return bytes read, -1 if offset is at or past the end and target has room
   */
  int read(long offset, ByteBuffer target) throws AshlarException;

  /**
   * Writes all bytes from {@code offset}, at most {@code length}, to {@code target} in order,
   * reading ahead.
   *
   * @return bytes written: less than length only where the file ends
   * @throws AshlarException if the bytes cannot be had; what was written before is correct
   * @throws IOException if {@code target} refuses them
   */
  long transferTo(long offset, long length, WritableByteChannel target) throws IOException;

  /** The whole file. */
  default long transferTo(WritableByteChannel target) throws IOException {
    return transferTo(0, size(), target);
  }

  /** Gives the version free. Does not fail. */
  @Override
  void close();
}
