package dev.ashlar.chunkserver.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A segment in the real file system. Opened when first used. Reading has a channel of its own,
 * since an interrupted reader closes its channel, which must not look like a broken disk to the
 * writer.
 */
final class RealSegmentFile implements SegmentFile {
  private final Path path;
  private final RealDiskIo owner;
  private @Nullable FileChannel writer;
  private volatile @Nullable FileChannel reader;
  private boolean closed;

  RealSegmentFile(Path path, RealDiskIo owner) {
    this.path = path;
    this.owner = owner;
  }

  /** Creates the file, which must not exist. */
  void create() throws IOException {
    try {
      writer =
          FileChannel.open(
              path,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              StandardOpenOption.CREATE_NEW);
    } catch (IOException e) {
      throw translated(e, 4096);
    }
  }

  @Override
  public long size() throws IOException {
    return Files.size(path);
  }

  @Override
  public long allocated() throws IOException {
    return LinuxFiles.allocated(path, size());
  }

  @Override
  public void write(long position, ByteBuffer... parts) throws IOException {
    FileChannel channel = writer();
    long left = 0;
    for (ByteBuffer part : parts) {
      left += part.remaining();
    }
    try {
      channel.position(position);
      while (left > 0) {
        left -= channel.write(parts);
      }
    } catch (IOException e) {
      throw translated(e, left);
    }
  }

  /**
   * The error has no code in Java and its text may be in any language, so free space decides too.
   */
  private IOException translated(IOException e, long wanted) throws IOException {
    String text = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
    boolean full =
        text.contains("no space left")
            || text.contains("quota exceeded")
            || owner.usableBytes() < wanted + (1 << 20);
    return full ? new NoSpaceException("The file system of " + path + " is full", e) : e;
  }

  @Override
  public int read(ByteBuffer into, long position) throws IOException {
    int start = into.position();
    while (true) {
      FileChannel channel = channel();
      try {
        while (into.hasRemaining()
            && channel.read(into, position + into.position() - start) >= 0) {}
        return into.position() - start;
      } catch (ClosedChannelException e) {
        // Another reader was interrupted and took the channel with it: go on with a new one.
        if (Thread.currentThread().isInterrupted()) {
          throw e;
        }
      }
    }
  }

  @Override
  public void sync() throws IOException {
    writer().force(false);
  }

  @Override
  public void truncate(long size) throws IOException {
    writer().truncate(size);
  }

  @Override
  public boolean punch(long position, long length) throws IOException {
    return LinuxFiles.punch(path, position, length);
  }

  @Override
  public void forget(long position, long length) throws IOException {
    LinuxFiles.forget(path, position, length);
  }

  @Override
  public FileChannel channel() throws IOException {
    FileChannel channel = reader;
    return channel != null && channel.isOpen() ? channel : openReader();
  }

  private synchronized FileChannel openReader() throws IOException {
    if (closed) {
      throw new ClosedChannelException();
    }
    FileChannel channel = reader;
    if (channel == null || !channel.isOpen()) {
      channel = FileChannel.open(path, StandardOpenOption.READ);
      reader = channel;
    }
    return channel;
  }

  private FileChannel writer() throws IOException {
    FileChannel channel = writer;
    if (channel == null) {
      channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
      writer = channel;
    }
    return channel;
  }

  @Override
  public void endWriting() throws IOException {
    FileChannel channel = writer;
    writer = null;
    if (channel != null) {
      channel.close();
    }
  }

  @Override
  public synchronized void close() throws IOException {
    closed = true;
    FileChannel channel = reader;
    reader = null;
    try {
      endWriting();
    } finally {
      if (channel != null) {
        channel.close();
      }
    }
  }
}
