package dev.ashlar.chunkserver.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Walks the records of one segment by their headers. What is no record is collected as damage, and
 * the next record after it is searched for. One thread.
 */
final class SegmentScanner {
  private static final int WINDOW = 32 << 10;

  private final SegmentFile file;
  private final long disk;
  private final int segment;
  private final long size;
  private final List<Extent> damage = new ArrayList<>();
  private final ByteBuffer window = ByteBuffer.allocateDirect(WINDOW);
  private long windowStart;
  private long position;

  /**
   * @param from position of the first record
   * @param size where the file ends
   */
  SegmentScanner(SegmentFile file, long disk, int segment, long from, long size) {
    this.file = file;
    this.disk = disk;
    this.segment = segment;
    this.size = size;
    this.position = from;
    window.limit(0);
  }

  /**
   * The next valid record whose payload lies within the file, null at the end. It is good until the
   * next call.
   */
  @Nullable LogRecord next() throws IOException {
    long bad = -1;
    while (position < size) {
      LogRecord found = recordAt(position);
      if (found != null) {
        noteDamage(bad, position);
        position = Address.position(found.next());
        return found;
      }
      bad = bad < 0 ? position : bad;
      position += 8;
    }
    noteDamage(bad, size);
    return null;
  }

  /** Ranges met so far that hold no record. */
  List<Extent> damage() {
    return damage;
  }

  /** Where the next record would start. */
  long position() {
    return position;
  }

  private void noteDamage(long from, long to) {
    if (from >= 0 && from < to) {
      damage.add(new Extent(Address.of(segment, from), (int) (to - from)));
    }
  }

  private @Nullable LogRecord recordAt(long at) throws IOException {
    if (!inWindow(at, LogRecord.SMALL_HEADER) && at + LogRecord.SMALL_HEADER > size) {
      return null;
    }
    fill(at, LogRecord.SMALL_HEADER);
    int header = LogRecord.headerBytes(window.position((int) (at - windowStart)));
    if (header == 0 || at + header > size) {
      return null;
    }
    fill(at, header);
    LogRecord found =
        LogRecord.read(window.position((int) (at - windowStart)), disk, Address.of(segment, at));
    return found != null && Address.position(found.payload()) + found.payloadBytes() <= size
        ? found
        : null;
  }

  private boolean inWindow(long at, int length) {
    return at >= windowStart && at + length <= windowStart + window.limit();
  }

  private void fill(long at, int length) throws IOException {
    if (!inWindow(at, length)) {
      window.clear();
      // Jumps between large records need one header only; a run of damage or of small records gets
      // the whole window.
      window.limit(
          (int) Math.min(size - at, at == windowStart + 8 || length > 4096 ? WINDOW : 4096));
      int read = file.read(window, at);
      if (read < Math.min(length, size - at)) {
        throw new IOException(
            "Segment "
                + SegmentName.of(segment)
                + " ended at "
                + (at + read)
                + " while it was read");
      }
      window.flip();
      windowStart = at;
    }
  }
}
