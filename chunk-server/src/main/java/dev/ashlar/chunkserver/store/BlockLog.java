package dev.ashlar.chunkserver.store;

import static java.util.Objects.requireNonNull;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.Checksums;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * The segment files of a disk as one log: appends at its end, syncs it, cuts off what a failed
 * append left. Only the last segment is ever written; before the next one is begun it is synced. An
 * IOException other than AshlarException means that the disk is broken and nothing more may be done
 * with it. Owning thread only, except {@link #segment}.
 */
final class BlockLog {
  /**
   * A segment file begins with this many bytes of its own: magic u64, format u32, id u32, disk id
   * u64, synced u64, and in the last 4 CRC32C of the rest.
   */
  static final int FILE_HEADER = 64;

  private static final long FILE_MAGIC = 0x4173686C61725365L;

  /**
   * @param damaged holds bytes that are no records: never compacted, since the walk may miss
   *     something
   */
  record Segment(int id, SegmentFile file, boolean damaged) {}

  private final DiskIo io;
  private final long disk;
  private final int segmentBytes;
  private final ConcurrentNavigableMap<Integer, Segment> segments = new ConcurrentSkipListMap<>();
  private final ByteBuffer[] padding = new ByteBuffer[8];
  private @Nullable Segment active;
  private long tail;
  private long synced;
  private boolean dirty;
  private int lowestNext = 1;

  BlockLog(DiskIo io, long disk, int segmentBytes) {
    this.io = io;
    this.disk = disk;
    this.segmentBytes = segmentBytes;
    for (int i = 0; i < padding.length; i++) {
      padding[i] = ByteBuffer.allocateDirect(i);
    }
  }

  long disk() {
    return disk;
  }

  /** Null if there is none (any more). Any thread. */
  @Nullable Segment segment(int id) {
    return segments.get(id);
  }

  /** Oldest first. Any thread. */
  Iterable<Segment> segments() {
    return segments.values();
  }

  /** The oldest segment from {@code from} on; {@code from} itself if there is none. */
  int oldestFrom(int from) {
    Integer oldest = segments.ceilingKey(from);
    return oldest == null ? from : oldest;
  }

  boolean isActive(int segment) {
    return active != null && active.id() == segment;
  }

  /** Address after the last record. */
  long tail() {
    return tail;
  }

  /** Everything before it is on media. */
  long synced() {
    return synced;
  }

  void adopt(Segment segment) {
    segments.put(segment.id(), segment);
  }

  /** Continues the last segment after recovery, at its end. */
  void resume(Segment last, long end) {
    active = last;
    tail = Address.of(last.id(), LogRecord.align(end));
    dirty = true;
  }

  /** Recovery knows that everything before this address was synced. */
  void knowSynced(long address) {
    synced = Math.max(synced, address);
  }

  /** The next segment gets at least this id: lower ones were used, even if their files are gone. */
  void neverBelow(int segment) {
    lowestNext = Math.max(lowestNext, segment);
  }

  /**
   * Makes room in the active segment, or begins a new one. The next {@link #append}, of at most
   * this many bytes, will start at the address returned.
   */
  long place(int bytes) throws IOException {
    long position = Address.position(tail);
    if (active == null || position > FILE_HEADER && position + bytes > segmentBytes) {
      roll();
    }
    return tail;
  }

  /** Appends records where {@link #place} said. On NO_SPACE or RETRY the log is as it was. */
  void append(ByteBuffer... parts) throws IOException {
    Segment segment = requireNonNull(active);
    long bytes = 0;
    for (ByteBuffer part : parts) {
      bytes += part.remaining();
    }
    int pad = (int) (LogRecord.align(bytes) - bytes);
    ByteBuffer[] all = parts;
    if (pad > 0) {
      all = new ByteBuffer[parts.length + 1];
      System.arraycopy(parts, 0, all, 0, parts.length);
      all[parts.length] = padding[pad].clear();
    }
    long position = Address.position(tail);
    try {
      segment.file().write(position, all);
    } catch (NoSpaceException e) {
      segment.file().truncate(position);
      throw new AshlarException(
          ErrorCode.NO_SPACE,
          "The file system of disk " + disk + " is full: delete files or add disks",
          e);
    }
    tail += bytes + pad;
    dirty = true;
  }

  /** After this, the end of this process loses nothing that was appended. */
  void handOn() throws IOException {
    requireNonNull(active).file().handOn();
  }

  /** After this, all that was appended is on media. */
  void sync() throws IOException {
    if (dirty) {
      requireNonNull(active).file().sync();
      dirty = false;
      synced = tail;
    }
  }

  /** Ends the active segment and begins the next one. */
  void roll() throws IOException {
    sync();
    if (active != null) {
      active.file().endWriting();
    }
    int id = Math.max(lowestNext, segments.isEmpty() ? 1 : segments.lastKey() + 1);
    SegmentFile file;
    try {
      file = io.create(SegmentName.of(id));
    } catch (NoSpaceException e) {
      throw new AshlarException(
          ErrorCode.NO_SPACE,
          "The file system of disk " + disk + " is full: delete files or add disks",
          e);
    }
    try {
      file.write(0, fileHeader(disk, id, synced));
    } catch (AshlarException e) {
      giveUp(file, id);
      throw e;
    } catch (NoSpaceException e) {
      giveUp(file, id);
      throw new AshlarException(
          ErrorCode.NO_SPACE,
          "The file system of disk " + disk + " is full: delete files or add disks",
          e);
    }
    io.syncDirectory();
    Segment next = new Segment(id, file, false);
    segments.put(id, next);
    active = next;
    tail = Address.of(id, FILE_HEADER);
    dirty = true;
  }

  private void giveUp(SegmentFile file, int id) throws IOException {
    try (file) {
      io.delete(SegmentName.of(id));
    }
  }

  /** Removes a segment that nothing refers to and nobody reads. */
  void drop(Segment segment) throws IOException {
    segments.remove(segment.id());
    segment.file().close();
    io.delete(SegmentName.of(segment.id()));
    io.syncDirectory();
  }

  long usableBytes() throws IOException {
    return io.usableBytes();
  }

  /** Closes all files, without syncing. */
  void close() throws IOException {
    List<IOException> failures = new ArrayList<>();
    for (Segment segment : segments.values()) {
      try {
        segment.file().close();
      } catch (IOException e) {
        failures.add(e);
      }
    }
    io.close();
    if (!failures.isEmpty()) {
      throw failures.getFirst();
    }
  }

  private static ByteBuffer fileHeader(long disk, int segment, long synced) {
    ByteBuffer b = ByteBuffer.allocateDirect(FILE_HEADER);
    b.putLong(FILE_MAGIC).putInt(LogRecord.FORMAT).putInt(segment).putLong(disk).putLong(synced);
    b.putInt(FILE_HEADER - 4, Checksums.crc(b.slice(0, FILE_HEADER - 4)));
    return b.clear();
  }

  /**
   * The address up to which the log was on media when a segment was begun; -1 if its file header is
   * no good.
   */
  long begunAt(Segment segment) throws IOException {
    ByteBuffer b = ByteBuffer.allocateDirect(FILE_HEADER);
    segment.file().read(b, 0);
    if (b.position() < FILE_HEADER
        || b.getInt(FILE_HEADER - 4) != Checksums.crc(b.slice(0, FILE_HEADER - 4))) {
      return -1;
    }
    b.flip();
    boolean ours =
        b.getLong() == FILE_MAGIC
            && b.getInt() == LogRecord.FORMAT
            && b.getInt() == segment.id()
            && b.getLong() == disk;
    return ours ? b.getLong() : -1;
  }

  /**
   * Whether not even the file header was ever written: it lies within one sector, so a power cut
   * leaves all of it or nothing.
   */
  boolean blank(Segment segment) throws IOException {
    ByteBuffer b = ByteBuffer.allocateDirect(FILE_HEADER);
    segment.file().read(b, 0);
    return b.clear().mismatch(ByteBuffer.allocate(FILE_HEADER)) < 0
        || segment.file().size() < FILE_HEADER;
  }
}
