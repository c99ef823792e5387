package dev.ashlar.chunkserver.store;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * A directory of segments in memory that writes down every change of it. One life of a store after
 * the other may use it; what a dead one still does is refused.
 */
final class CrashIo implements DiskIo {
  /**
   * How the disk behaves.
   *
   * @param direct whether segments are written past the page cache
   * @param capacity bytes that its files may have
   */
  record Kind(boolean direct, boolean punching, long capacity) {}

  private static final int PAGE = 4096;

  /** What is in a file, as every reader sees it. */
  static final class Content {
    private final int number;
    private byte[] bytes;
    private int size;

    Content(int number, byte[] bytes) {
      this.number = number;
      this.bytes = bytes.clone();
      size = bytes.length;
    }

    int size() {
      return size;
    }

    /** Pages of zeros count as holes. */
    long allocated() {
      long sum = 0;
      for (int page = 0; page < size; page += PAGE) {
        int end = Math.min(size, page + PAGE);
        for (int i = page; i < end; i++) {
          if (bytes[i] != 0) {
            sum += end - page;
            break;
          }
        }
      }
      return sum;
    }

    int read(ByteBuffer into, long position) {
      int n = Math.clamp(size - position, 0, into.remaining());
      if (n > 0) {
        into.put(bytes, (int) position, n);
      }
      return n;
    }

    private void write(int position, byte[] data) {
      int end = position + data.length;
      if (end > bytes.length) {
        bytes = Arrays.copyOf(bytes, Math.max(end, bytes.length * 2));
      }
      System.arraycopy(data, 0, bytes, position, data.length);
      size = Math.max(size, end);
    }

    private void truncate(int to) {
      if (to < size) {
        Arrays.fill(bytes, to, size, (byte) 0);
        size = to;
      }
    }
  }

  private final NavigableMap<String, Content> files = new TreeMap<>();
  private final List<CrashOp> history;
  private final Kind kind;
  private final DirectAppender.Memory memory = new DirectAppender.Memory();
  private int lastFile;
  private volatile boolean alive = true;

  /**
   * @param history where changes are added; synchronized by the turns of a {@link TurnWorld}
   */
  CrashIo(NavigableMap<String, byte[]> start, Kind kind, List<CrashOp> history) {
    int file = 0;
    for (Map.Entry<String, byte[]> e : start.entrySet()) {
      files.put(e.getKey(), new Content(--file, e.getValue()));
    }
    this.kind = kind;
    this.history = history;
  }

  private CrashIo(CrashIo before) {
    files.putAll(before.files);
    history = before.history;
    kind = before.kind;
    lastFile = before.lastFile;
  }

  /** The same directory for the next life. */
  CrashIo nextLife() {
    alive = false;
    return new CrashIo(this);
  }

  boolean alive() {
    return alive;
  }

  boolean direct() {
    return kind.direct();
  }

  boolean punching() {
    return kind.punching();
  }

  DirectAppender.Memory memory() {
    return memory;
  }

  void note(CrashOp op) throws IOException {
    if (!alive) {
      throw new IOException("simulated: this process is dead");
    }
    history.add(op);
  }

  void write(Content to, long position, byte[] data) throws IOException {
    note(new CrashOp.Write(to.number, position, data));
    to.write((int) position, data);
  }

  void truncate(Content file, long size) throws IOException {
    note(new CrashOp.Truncate(file.number, size));
    file.truncate((int) size);
  }

  void sync(Content file) throws IOException {
    note(new CrashOp.Sync(file.number));
  }

  static byte[] bytes(int count, ByteBuffer... parts) {
    byte[] data = new byte[count];
    int at = 0;
    for (ByteBuffer part : parts) {
      int n = Math.min(part.remaining(), count - at);
      part.get(data, at, n);
      at += n;
    }
    return data;
  }

  @Override
  public List<String> list() {
    return List.copyOf(files.keySet());
  }

  @Override
  public SegmentFile create(String name) throws IOException {
    if (files.containsKey(name)) {
      throw new IOException(name + " exists");
    }
    Content content = new Content(++lastFile, new byte[0]);
    note(new CrashOp.Create(name, lastFile));
    files.put(name, content);
    return new CrashFile(this, content);
  }

  private Content content(String name) throws FileNotFoundException {
    Content content = files.get(name);
    if (content == null) {
      throw new FileNotFoundException(name);
    }
    return content;
  }

  @Override
  public SegmentFile open(String name) throws IOException {
    return new CrashFile(this, content(name));
  }

  @Override
  public void delete(String name) throws IOException {
    note(new CrashOp.Delete(name, content(name).number));
    files.remove(name);
  }

  @Override
  public void syncDirectory() throws IOException {
    note(new CrashOp.SyncNames());
  }

  @Override
  public long totalBytes() {
    return kind.capacity();
  }

  @Override
  public long usableBytes() {
    long used = 0;
    for (Content c : files.values()) {
      used += c.size();
    }
    return Math.max(0, kind.capacity() - used);
  }

  /** Bytes that the files take. */
  long allocated() {
    long sum = 0;
    for (Content c : files.values()) {
      sum += c.allocated();
    }
    return sum;
  }

  @Override
  public void close() {}
}
