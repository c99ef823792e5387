package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Attr;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Reads one version of a file. Reads that continue where the last one ended are served from a
 * stream that fetches ahead; others stand for themselves.
 */
final class StripedReader implements FileReader {
  /** What a stream fetches ahead at first; it doubles with each read. */
  private static final long FIRST_AHEAD = 256 << 10;

  private final ClientServices services;
  private final Layout layout;
  private final String name;
  private final Policy policy;
  private final ReentrantLock sequential = new ReentrantLock();
  private @Nullable ContentStream stream;
  private long expectedNext;
  private volatile boolean closed;

  private StripedReader(ClientServices services, Layout layout, String name, Policy policy) {
    this.services = services;
    this.layout = layout;
    this.name = name;
    this.policy = policy;
  }

  /** Opens the present version. {@code name} is for messages. */
  static StripedReader open(ClientServices services, String name, long inode)
      throws AshlarException {
    services.keepAlive().pin(inode);
    try {
      Layout layout = Layout.open(services.masters(), name, inode);
      return new StripedReader(services, layout, name, StagedWriter.policy(layout.attr()));
    } catch (AshlarException e) {
      services.keepAlive().unpin(inode);
      throw e;
    }
  }

  @Override
  public Attr attr() {
    return layout.attr();
  }

  @Override
  public int read(long offset, ByteBuffer target) throws AshlarException {
    checkRange(offset);
    if (!target.hasRemaining()) {
      return 0;
    }
    if (offset >= size()) {
      return -1;
    }
    int count = (int) Math.min(target.remaining(), size() - offset);
    if (!sequential.tryLock()) {
      return readOnce(offset, count, target);
    }
    try {
      if (expectedNext != offset) {
        dropStream();
        int read = readOnce(offset, count, target);
        expectedNext = offset + read;
        return read;
      }
      ContentStream continued = stream;
      if (continued == null) {
        continued =
            new ContentStream(
                services,
                layout,
                name,
                policy,
                offset,
                size(),
                FIRST_AHEAD,
                services.config().readAheadBytes());
        stream = continued;
      }
      boolean ok = false;
      try {
        copy(continued, count, target);
        ok = true;
      } finally {
        expectedNext = continued.position();
        if (!ok || expectedNext == size()) {
          dropStream();
        }
      }
      return count;
    } finally {
      sequential.unlock();
    }
  }

  private int readOnce(long offset, int count, ByteBuffer target) throws AshlarException {
    try (ContentStream once =
        new ContentStream(
            services,
            layout,
            name,
            policy,
            offset,
            offset + count,
            count,
            services.config().readAheadBytes())) {
      copy(once, count, target);
    }
    return count;
  }

  private static void copy(ContentStream from, int count, ByteBuffer target)
      throws AshlarException {
    int left = count;
    while (left > 0) {
      for (ByteBuffer view : from.next(left)) {
        left -= view.remaining();
        target.put(view);
      }
    }
  }

  @Override
  public long transferTo(long offset, long length, WritableByteChannel target) throws IOException {
    checkRange(offset);
    long end = Math.min(size(), offset + Math.min(length, Long.MAX_VALUE - offset));
    long total = 0;
    long ahead = services.config().readAheadBytes();
    try (ContentStream all =
        new ContentStream(
            services, layout, name, policy, offset, Math.max(offset, end), ahead, ahead)) {
      for (List<ByteBuffer> views = all.next(Long.MAX_VALUE);
          !views.isEmpty();
          views = all.next(Long.MAX_VALUE)) {
        total += write(views, target);
      }
    }
    return total;
  }

  private static long write(List<ByteBuffer> views, WritableByteChannel target) throws IOException {
    long total = 0;
    if (target instanceof GatheringByteChannel gathering) {
      ByteBuffer[] buffers = views.toArray(new ByteBuffer[0]);
      int first = 0;
      while (first < buffers.length) {
        total += gathering.write(buffers, first, buffers.length - first);
        while (first < buffers.length && !buffers[first].hasRemaining()) {
          first++;
        }
      }
      return total;
    }
    for (ByteBuffer view : views) {
      while (view.hasRemaining()) {
        total += target.write(view);
      }
    }
    return total;
  }

  private void checkRange(long offset) throws AshlarException {
    if (closed) {
      throw new AshlarException(ErrorCode.INVALID, name + " is closed: open it again to read it");
    }
    if (offset < 0) {
      throw new AshlarException(
          ErrorCode.INVALID, "There are no bytes at offset " + offset + " of " + name);
    }
  }

  private void dropStream() {
    if (stream != null) {
      stream.close();
      stream = null;
    }
  }

  @Override
  public void close() {
    sequential.lock();
    try {
      if (!closed) {
        closed = true;
        services.keepAlive().unpin(attr().inode());
        dropStream();
      }
    } finally {
      sequential.unlock();
    }
  }
}
