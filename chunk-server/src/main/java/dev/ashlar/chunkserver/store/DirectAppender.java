package dev.ashlar.chunkserver.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * Appends to a file past the page cache (O_DIRECT): the bytes are gathered in memory that lies on
 * pages and go to the device from there, which spares the system a copy into fresh pages and their
 * writing back, the largest cost of a write. What was appended is in the file after {@link #flush}
 * at the latest.
 *
 * <p>The device takes whole pages only. The last one, if it is partly filled, is written padded
 * with zeros and written once more when it has more: its first bytes are the same then, so that
 * nothing of it can be torn. So the file may be up to a page longer than what was appended, until
 * {@link #close} cuts it.
 *
 * <p>For one thread. One appender is open at a time on a {@link Memory}.
 */
final class DirectAppender {
  /** What the device takes at least: no disk in use has larger sectors. */
  private static final int PAGE = 4096;

  /** Enough to keep a device busy, little enough to stay in a cache. */
  private static final int BYTES = 512 << 10;

  private final FileChannel channel;
  private final ByteBuffer buffer;

  /** Position in the file of the buffer's first byte: a multiple of a page. */
  private long start;

  /** Bytes at the front of the buffer that are in the file already. */
  private int flushed;

  private boolean positioned;

  /** Memory for one appender after the other; made when first used. */
  static final class Memory {
    private @Nullable ByteBuffer pages;

    private ByteBuffer get() {
      ByteBuffer b = pages;
      if (b == null) {
        b = ByteBuffer.allocateDirect(BYTES + PAGE).alignedSlice(PAGE).limit(BYTES).slice();
        pages = b;
      }
      return b.clear();
    }
  }

  private DirectAppender(FileChannel channel, ByteBuffer buffer) {
    this.channel = channel;
    this.buffer = buffer;
  }

  /**
   * Opens an existing file.
   *
   * @throws UnsupportedOperationException if Java cannot do this here, or only in larger units
   * @throws IOException if the file system cannot, or if the file cannot be opened
   */
  static DirectAppender open(Path file, Memory memory) throws IOException {
    if (PAGE % Files.getFileStore(file).getBlockSize() != 0) {
      throw new UnsupportedOperationException("The blocks of this file system are not pages");
    }
    FileChannel channel =
        LinuxFiles.open(
            file, StandardOpenOption.READ, StandardOpenOption.WRITE, DirectOption.get());
    return over(channel, memory);
  }

  /** Appends through a channel that it owns from now on. */
  static DirectAppender over(FileChannel channel, Memory memory) {
    return new DirectAppender(channel, memory.get());
  }

  /** Where the next byte goes. */
  private long end() {
    return start + buffer.position();
  }

  /** Takes all remaining bytes of the parts, to follow the first {@code position} of the file. */
  void append(long position, ByteBuffer... parts) throws IOException {
    if (!positioned || position != end()) {
      moveTo(position);
    }
    for (ByteBuffer part : parts) {
      while (part.hasRemaining()) {
        int count = Math.min(part.remaining(), buffer.remaining());
        buffer.put(buffer.position(), part, part.position(), count);
        buffer.position(buffer.position() + count);
        part.position(part.position() + count);
        if (!buffer.hasRemaining()) {
          flush();
        }
      }
    }
  }

  /** What was not flushed is forgotten. */
  private void moveTo(long position) throws IOException {
    start = position / PAGE * PAGE;
    int have = (int) (position - start);
    buffer.clear();
    int there = have == 0 ? 0 : Math.max(0, channel.read(buffer.limit(PAGE), start));
    if (LogRecord.align(there) < have) {
      throw new IOException("The file ends before " + position + ", where it is to go on");
    }
    buffer.clear();
    for (int i = there; i < have; i++) {
      buffer.put(i, (byte) 0); // padding of the last record, which the file lost
    }
    buffer.position(have);
    flushed = have;
    positioned = true;
  }

  /** Hands everything to the device. That it is on media is up to {@link #sync}. */
  void flush() throws IOException {
    int end = buffer.position();
    if (end == flushed) {
      return;
    }
    int from = flushed / PAGE * PAGE;
    int to = (end + PAGE - 1) / PAGE * PAGE;
    for (int i = end; i < to; i++) {
      buffer.put(i, (byte) 0);
    }
    buffer.limit(to).position(from);
    while (buffer.hasRemaining()) {
      channel.write(buffer, start + buffer.position());
    }
    buffer.clear();
    int tail = end / PAGE * PAGE;
    buffer.put(0, buffer, tail, end - tail);
    start += tail;
    buffer.position(end - tail);
    flushed = end - tail;
  }

  void sync() throws IOException {
    flush();
    channel.force(false);
  }

  /** Cuts what is in the file and what waits for it. */
  void truncate(long size) throws IOException {
    if (positioned && size >= start && size <= end()) {
      buffer.position((int) (size - start));
      flushed = Math.min(flushed, buffer.position());
    } else {
      positioned = false;
      buffer.clear();
      flushed = 0;
    }
    channel.truncate(size);
  }

  /** Ends appending: what was flushed is all of the file, durably so if it was synced before. */
  void close() throws IOException {
    try (channel) {
      if (positioned) {
        channel.truncate(start + flushed);
        channel.force(false);
      }
    }
  }
}
