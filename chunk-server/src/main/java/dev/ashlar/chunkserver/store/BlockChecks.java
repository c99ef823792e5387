package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.ErrorCode;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32C;

/** What can be said about a request before looking at any state. */
final class BlockChecks {
  private static final int SLICE = BlockLayout.SLICE_BYTES;
  private static final int MAX_INDEX = 0xFFFF;

  private BlockChecks() {}

  static void key(BlockKey key, long epoch, long base, long keep) throws AshlarException {
    if (key.version() <= 0 || key.index() < 0 || key.index() > MAX_INDEX || epoch < 0) {
      throw invalid(
          key
              + " with epoch "
              + epoch
              + " is no block: version must be positive, index 0 to "
              + MAX_INDEX
              + ", epoch not negative");
    }
    if (keep < 0
        || keep > BlockLayout.BLOCK_BYTES
        || keep % SLICE != 0
        || keep > 0 && (base <= 0 || base >= key.version())) {
      throw invalid(
          key
              + " cannot share "
              + keep
              + " bytes with version "
              + base
              + ": whole slices of an earlier version are needed");
    }
  }

  /** Bytes of the payload, if it and the write fit together. */
  static int payload(BlockWrite w, ByteBuffer... payload) throws AshlarException {
    key(w.block(), w.epoch(), w.base(), w.keep());
    long bytes = 0;
    for (ByteBuffer part : payload) {
      bytes += part.remaining();
    }
    if (w.offset() % SLICE != 0
        || w.offset() < w.keep()
        || w.offset() > BlockLayout.BLOCK_BYTES
        || w.offset() + bytes > BlockLayout.BLOCK_BYTES) {
      throw invalid(
          "A write of "
              + bytes
              + " bytes at "
              + w.offset()
              + " does not fit "
              + w.block()
              + ": it must start at a slice, after "
              + w.keep()
              + " kept bytes");
    }
    if (w.crcs().length != BlockLayout.slices(bytes)) {
      throw invalid(
          "A write of "
              + bytes
              + " bytes to "
              + w.block()
              + " came with "
              + w.crcs().length
              + " slice checksums");
    }
    crcs(w, payload);
    return (int) bytes;
  }

  private static void crcs(BlockWrite w, ByteBuffer... payload) throws AshlarException {
    CRC32C crc = new CRC32C();
    int slice = 0;
    int inSlice = 0;
    for (ByteBuffer part : payload) {
      int start = part.position();
      int end = part.limit();
      while (part.position() < end) {
        int n = Math.min(SLICE - inSlice, end - part.position());
        part.limit(part.position() + n);
        crc.update(part);
        inSlice += n;
        if (inSlice == SLICE) {
          compare(w, slice++, crc);
          inSlice = 0;
        }
      }
      part.limit(end).position(start);
    }
    if (inSlice > 0) {
      compare(w, slice, crc);
    }
  }

  private static void compare(BlockWrite w, int slice, CRC32C crc) throws AshlarException {
    if ((int) crc.getValue() != w.crcs()[slice]) {
      throw new AshlarException(
          ErrorCode.CORRUPT,
          "Slice "
              + slice
              + " of a write at "
              + w.offset()
              + " to "
              + w.block()
              + " was damaged on its way: send it again");
    }
    crc.reset();
  }

  /**
   * Whether bytes with these CRCs at {@code offset} are what a block of {@code have} bytes holds
   * already.
   */
  static boolean repeats(int[] crcs, int have, long offset, int bytes, int[] written) {
    long end = offset + bytes;
    if (end > have || end % SLICE != 0 && end != have) {
      return false;
    }
    int first = (int) (offset / SLICE);
    return Arrays.equals(crcs, first, first + written.length, written, 0, written.length);
  }

  static AshlarException invalid(String sentence) {
    return new AshlarException(ErrorCode.INVALID, sentence);
  }
}
