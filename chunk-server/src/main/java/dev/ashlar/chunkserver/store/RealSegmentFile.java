package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.AshlarException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A segment in the real file system. Opened when first used. Reading has a channel of its own,
 * since an interrupted reader closes its channel, which must not look like a broken disk to the
 * writer; it is closed when other segments are read ({@link OpenReaders}) and opened again.
 *
 * <p>Writing goes past the page cache where the file system can do that and can set space aside:
 * bytes wait in memory before they are written, when it is too late to find that there is no room.
 */
final class RealSegmentFile implements SegmentFile {
  private static final Logger LOG = LoggerFactory.getLogger(RealSegmentFile.class);

  private final Path path;
  private final RealDiskIo owner;

  /** Space is set aside in steps of this many bytes. */
  static final long RESERVE = 4 << 20;

  private @Nullable FileChannel writer;
  private @Nullable DirectAppender appender;
  private boolean decided;
  private long reserved;
  private @Nullable FileChannel reader; // with the next two guarded by this
  private int users;
  private boolean closed;

  RealSegmentFile(Path path, RealDiskIo owner) {
    this.path = path;
    this.owner = owner;
  }

  /** Creates the file, which must not exist. */
  void create() throws IOException {
    try {
      writer =
          LinuxFiles.open(
              path,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              StandardOpenOption.CREATE_NEW);
    } catch (AshlarException e) {
      throw e;
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
    long size = size();
    long behind = Math.max(0, reserved - (size + 4095) / 4096 * 4096);
    return Math.max(0, LinuxFiles.allocated(path, size + behind) - behind);
  }

  @Override
  public void write(long position, ByteBuffer... parts) throws IOException {
    long left = 0;
    for (ByteBuffer part : parts) {
      left += part.remaining();
    }
    if (!decided) {
      decided = true;
      reserved = position; // before it ranges may have been given back
      appender = owner.direct() ? openAppender(position + left) : null;
    }
    DirectAppender direct = appender;
    if (direct != null) {
      reserve(position + left);
      direct.append(position, parts);
      return;
    }
    FileChannel channel = writer();
    try {
      channel.position(position);
      while (left > 0) {
        left -= channel.write(parts);
      }
    } catch (IOException e) {
      throw translated(e, left);
    }
  }

  /** Null if this file system is to be written through the page cache. */
  private @Nullable DirectAppender openAppender(long end) throws IOException {
    try {
      if (reserve(end)) {
        return DirectAppender.open(path, owner.memory());
      }
    } catch (UnsupportedOperationException e) {
      LOG.debug("No direct writing to {}", path, e);
    } catch (FileSystemException e) {
      // Not every file system takes the flag. One that is broken fails in the other way, too.
      LOG.debug("No direct writing to {}", path, e);
    }
    owner.notDirect();
    return null;
  }

  /**
   * Sets space aside for the file to grow to {@code end}, so that bytes taken can be written later.
   * False if the file system has no such thing.
   */
  private boolean reserve(long end) throws IOException {
    if (end <= reserved) {
      return true;
    }
    long to = (end + RESERVE - 1) / RESERVE * RESERVE;
    return switch (LinuxFiles.reserve(path, reserved, to - reserved)) {
      case DONE -> {
        reserved = to;
        yield true;
      }
      case FULL -> throw new NoSpaceException("The file system of " + path + " is full");
      case UNABLE -> false;
    };
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
      } finally {
        release();
      }
    }
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
      writer().force(false);
    }
  }

  @Override
  public void truncate(long size) throws IOException {
    DirectAppender direct = appender;
    if (direct != null) {
      direct.truncate(size);
    } else {
      writer().truncate(size);
    }
    reserved = Math.min(reserved, size);
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
  public synchronized FileChannel channel() throws IOException {
    if (closed) {
      throw new ClosedChannelException();
    }
    FileChannel channel = reader;
    if (channel == null || !channel.isOpen()) {
      channel = LinuxFiles.open(path, StandardOpenOption.READ);
      reader = channel;
    }
    users++;
    return channel;
  }

  @Override
  public void release() {
    boolean unused;
    synchronized (this) {
      users--;
      unused = users == 0 && !closed;
    }
    if (unused) {
      owner.readers().unused(this);
    }
  }

  /** Closes the channel for reading unless somebody uses it (again). */
  synchronized void closeUnused() {
    FileChannel channel = reader;
    if (users > 0 || channel == null) {
      return;
    }
    reader = null;
    try {
      channel.close();
    } catch (IOException e) {
      LOG.debug("Closing {} after reading failed", path, e);
    }
  }

  private FileChannel writer() throws IOException {
    FileChannel channel = writer;
    if (channel == null) {
      channel = LinuxFiles.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
      writer = channel;
    }
    return channel;
  }

  @Override
  public void endWriting() throws IOException {
    FileChannel channel = writer;
    writer = null;
    DirectAppender direct = appender;
    appender = null;
    decided = false;
    try {
      if (direct != null) {
        direct.close();
      }
      giveBackReserve();
    } finally {
      if (channel != null) {
        channel.close();
      }
    }
  }

  private void giveBackReserve() throws IOException {
    long size = size();
    if (reserved > size) {
      LinuxFiles.giveBackReserve(path, size);
    }
    reserved = 0;
  }

  @Override
  public void close() throws IOException {
    FileChannel channel;
    synchronized (this) {
      closed = true;
      channel = reader;
      reader = null;
    }
    owner.readers().forget(this);
    try {
      endWriting();
    } finally {
      if (channel != null) {
        channel.close();
      }
    }
  }
}
