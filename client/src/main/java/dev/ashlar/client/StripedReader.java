package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.MasterReply;
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
  /**
   * Bytes {@code from} to {@code to} of the file: those from {@code start} on of what the layout
   * tells of.
   */
  private record Extent(long from, long to, Layout layout, long start) {}

  /** What a stream fetches ahead at first; it doubles with each read. */
  private static final long FIRST_AHEAD = 256 << 10;

  private final ClientServices services;
  private final String name;
  private final Attr attr;
  private final Policy policy;
  private final List<Extent> extents;

  /** The pack that has some of the bytes, 0 if none has. */
  private final long pack;

  private final ReentrantLock sequential = new ReentrantLock();
  private @Nullable ContentStream stream;
  private long expectedNext;
  private volatile boolean closed;

  private StripedReader(
      ClientServices services,
      String name,
      Attr attr,
      Policy policy,
      List<Extent> extents,
      long pack) {
    this.services = services;
    this.name = name;
    this.attr = attr;
    this.policy = policy;
    this.extents = extents;
    this.pack = pack;
  }

  /** Opens the present version. {@code name} is for messages. */
  static StripedReader open(ClientServices services, String name, long inode)
      throws AshlarException {
    services.keepAlive().pin(inode);
    try {
      return of(services, name, Layout.fetch(services.masters(), name, inode));
    } catch (AshlarException e) {
      services.keepAlive().unpin(inode);
      throw e;
    }
  }

  /** Opens a pack as a whole, with what no file has any more: NOT_FOUND if it is gone. */
  static StripedReader openPack(ClientServices services, long inode) throws AshlarException {
    services.keepAlive().pin(inode);
    try {
      MasterReply.Layout content = Layout.fetch(services.masters(), inode);
      return of(services, "pack " + inode, content);
    } catch (AshlarException e) {
      services.keepAlive().unpin(inode);
      throw e;
    }
  }

  private static StripedReader of(ClientServices services, String name, MasterReply.Layout content)
      throws AshlarException {
    Attr attr = content.attr();
    Policy policy = StagedContent.policy(attr);
    Layout own = new Layout(services.masters(), name, attr, content.chunks());
    MasterReply.Slice slice = content.slice();
    if (slice == null) {
      return new StripedReader(
          services, name, attr, policy, List.of(new Extent(0, attr.size(), own, 0)), 0);
    }
    Layout packed = new Layout(services.masters(), name, slice.pack(), List.of(slice.chunk()));
    long cut = Math.min(slice.length(), attr.size());
    services.keepAlive().pin(slice.pack().inode());
    return new StripedReader(
        services,
        name,
        attr,
        policy,
        List.of(new Extent(0, cut, packed, slice.offset()), new Extent(cut, attr.size(), own, cut)),
        slice.pack().inode());
  }

  @Override
  public Attr attr() {
    return attr;
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
    int total = 0;
    for (Extent extent : extents) {
      long from = offset + total;
      if (from >= extent.from && from < extent.to && target.hasRemaining()) {
        total += read(extent, from, target);
      }
    }
    return total;
  }

  private int read(Extent extent, long offset, ByteBuffer target) throws AshlarException {
    int count = (int) Math.min(target.remaining(), extent.to - offset);
    if (!sequential.tryLock()) {
      return readOnce(extent, offset, count, target);
    }
    try {
      if (expectedNext != offset) {
        dropStream();
        int read = readOnce(extent, offset, count, target);
        expectedNext = offset + read;
        return read;
      }
      ContentStream continued = stream;
      if (continued == null) {
        continued = stream(extent, offset, extent.to, FIRST_AHEAD);
        stream = continued;
      }
      boolean ok = false;
      try {
        copy(continued, count, target);
        ok = true;
      } finally {
        expectedNext = continued.position() - extent.start + extent.from;
        if (!ok || expectedNext == extent.to) {
          dropStream();
        }
      }
      return count;
    } finally {
      sequential.unlock();
    }
  }

  private ContentStream stream(Extent extent, long from, long to, long ahead) {
    long shift = extent.start - extent.from;
    return new ContentStream(
        services,
        extent.layout,
        name,
        policy,
        from + shift,
        to + shift,
        ahead,
        services.config().readAheadBytes());
  }

  private int readOnce(Extent extent, long offset, int count, ByteBuffer target)
      throws AshlarException {
    try (ContentStream once = stream(extent, offset, offset + count, count)) {
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
    for (Extent extent : extents) {
      long from = Math.max(offset, extent.from);
      long to = Math.min(end, extent.to);
      if (from < to) {
        total += transfer(extent, from, to, target);
      }
    }
    return total;
  }

  private long transfer(Extent extent, long from, long to, WritableByteChannel target)
      throws IOException {
    long total = 0;
    try (ContentStream all = stream(extent, from, to, services.config().readAheadBytes())) {
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
        services.keepAlive().unpin(attr.inode());
        if (pack != 0) {
          services.keepAlive().unpin(pack);
        }
        dropStream();
      }
    } finally {
      sequential.unlock();
    }
  }
}
