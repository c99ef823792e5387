package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.BlockKey;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One record of the log, big endian, starting at a multiple of 8 in its segment:
 *
 * <pre>
 *  0 u32 magic "AshR"      16 u64 chunk           48 u64 synced
 *  4 u8  type              24 u64 version         56 u64 a (data: offset in the block; tombstone: first segment)
 *  5 u8  format, 1         32 u64 lease epoch     64 u64 b (tombstone: last segment)
 *  6 u16 block index       40 u64 group           72 extra (data: slice CRCs; seal: the block's row)
 *  8 u32 header length H                          H-4 u32 CRC32C of bytes 0 to H-4, then disk id and address (u64 each)
 * 12 u32 payload length                           H payload, then zeros up to a multiple of 8
 * </pre>
 *
 * The CRC covers disk and address, so bytes that look like a record inside a block's data, or that
 * were copied from elsewhere, are none.
 *
 * @param address where the record starts
 * @param synced everything before this address was on media when the record was written
 * @param extra view of a buffer that the next read overwrites
 */
record LogRecord(
    long address,
    Type type,
    BlockKey key,
    long epoch,
    long group,
    long synced,
    long a,
    long b,
    int headerBytes,
    int payloadBytes,
    ByteBuffer extra) {
  /** What a record says. The code is the format: never reused. */
  enum Type {
    /** Bytes of a block. Means nothing until a seal names them. */
    DATA(1),
    /**
     * A block as a whole: durable, immutable. Replaces an earlier seal of the same block (after its
     * bytes were moved).
     */
    SEAL(2),
    /** A block is deleted: voids every seal of it in segments a to b, which all come earlier. */
    TOMBSTONE(3),
    /** Carries the highest lease epoch of a chunk on, when the record that had it goes away. */
    FENCE(4),
    /** Only carries {@code synced}. */
    MARK(5);

    private static final Type[] BY_CODE = {DATA, SEAL, TOMBSTONE, FENCE, MARK};
    private final int code;

    Type(int code) {
      this.code = code;
    }
  }

  static final int MAGIC = 0x41736852;
  static final int FORMAT = 1;
  static final int FIXED = 72;
  static final int SMALL_HEADER = FIXED + 4;
  static final int MAX_HEADER = FIXED + BlockRow.MAX_BODY + 4;
  static final BlockKey NO_BLOCK = new BlockKey(0, 0, 0);

  static int align(int bytes) {
    return (bytes + 7) & ~7;
  }

  static long align(long bytes) {
    return (bytes + 7) & ~7L;
  }

  /** First byte of the payload. */
  long payload() {
    return address + headerBytes;
  }

  /** Where the next record starts. */
  long next() {
    return align(address + headerBytes + payloadBytes);
  }

  /** Puts a header without extra. */
  static void put(
      ByteBuffer out,
      long disk,
      long address,
      Type type,
      BlockKey key,
      long epoch,
      long group,
      long synced,
      long a,
      long b) {
    int start = begin(out, type, key, epoch, group, synced, a, b);
    end(out, start, 0, disk, address);
  }

  /**
   * Puts everything before extra; {@link #end} must follow once extra is there. Answers where the
   * header starts in the buffer.
   */
  static int begin(
      ByteBuffer out,
      Type type,
      BlockKey key,
      long epoch,
      long group,
      long synced,
      long a,
      long b) {
    int start = out.position();
    out.putInt(MAGIC)
        .put((byte) type.code)
        .put((byte) FORMAT)
        .putShort((short) key.index())
        .putInt(0)
        .putInt(0);
    out.putLong(key.chunk())
        .putLong(key.version())
        .putLong(epoch)
        .putLong(group)
        .putLong(synced)
        .putLong(a)
        .putLong(b);
    return start;
  }

  /** Fills in the lengths and closes the header with its CRC. */
  static void end(ByteBuffer out, int start, int payloadBytes, long disk, long address) {
    int header = out.position() + 4 - start;
    out.putInt(start + 8, header).putInt(start + 12, payloadBytes);
    out.putInt(seal(out.slice(start, header - 4), disk, address));
  }

  /**
   * Reads a header.
   *
   * @param in positioned at it; holds as many bytes of it as there are
   * @return null if there is no valid record for this place
   */
  static @Nullable LogRecord read(ByteBuffer in, long disk, long address) {
    int p = in.position();
    int header = headerBytes(in);
    if (header == 0
        || in.remaining() < header
        || in.getInt(p + header - 4) != seal(in.slice(p, header - 4), disk, address)) {
      return null;
    }
    int code = in.get(p + 4);
    int payload = in.getInt(p + 12);
    Type type = code >= 1 && code <= Type.BY_CODE.length ? Type.BY_CODE[code - 1] : null;
    if (type == null || in.get(p + 5) != FORMAT || payload < 0) {
      return null;
    }
    BlockKey key =
        new BlockKey(in.getLong(p + 16), in.getLong(p + 24), in.getShort(p + 6) & 0xFFFF);
    ByteBuffer extra = in.slice(p + FIXED, header - FIXED - 4);
    return new LogRecord(
        address,
        type,
        key,
        in.getLong(p + 32),
        in.getLong(p + 40),
        in.getLong(p + 48),
        in.getLong(p + 56),
        in.getLong(p + 64),
        header,
        payload,
        extra);
  }

  /** Length of the header that seems to start here, 0 if none does. */
  static int headerBytes(ByteBuffer in) {
    int p = in.position();
    if (in.remaining() < SMALL_HEADER || in.getInt(p) != MAGIC) {
      return 0;
    }
    int header = in.getInt(p + 8);
    return header < SMALL_HEADER || header > MAX_HEADER || header % 4 != 0 ? 0 : header;
  }

  private static int seal(ByteBuffer header, long disk, long address) {
    CRC32C crc = new CRC32C();
    crc.update(header);
    crc.update(ByteBuffer.allocate(16).putLong(disk).putLong(address).flip());
    return (int) crc.getValue();
  }
}
