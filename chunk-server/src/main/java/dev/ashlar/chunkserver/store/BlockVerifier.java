package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.Checksums;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Re-reads the bytes of a block and compares them with its checksums. One thread; the caller keeps
 * the bytes in place.
 */
final class BlockVerifier {
  private static final int BUFFER = 1 << 20;

  private final BlockLog log;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);

  BlockVerifier(BlockLog log) {
    this.log = log;
  }

  /**
   * What is wrong with a block, null if nothing is. Bytes come from media where the system can do
   * that.
   *
   * @throws IOException if this cannot be said now
   */
  @Nullable String fault(BlockRow row) throws IOException {
    return fault(row, 0);
  }

  /** As {@link #fault(BlockRow)}, but trusts what lies before an address. */
  @Nullable String fault(BlockRow row, long from) throws IOException {
    if (Checksums.root(row.crcs(), row.crcs().length, row.length()) != row.root()) {
      return "its slice checksums do not match its root";
    }
    int offset = 0;
    for (Extent e : row.extents()) {
      if (e.end() > from) {
        String fault = fault(row, e, offset);
        if (fault != null) {
          return fault;
        }
      }
      offset += e.length();
    }
    return null;
  }

  private @Nullable String fault(BlockRow row, Extent e, int offset) throws IOException {
    BlockLog.Segment segment = log.segment(Address.segment(e.address()));
    if (segment == null) {
      return "segment "
          + SegmentName.of(Address.segment(e.address()))
          + ", which holds bytes of it, is missing";
    }
    try {
      segment.file().forget(Address.position(e.address()), e.length());
      for (int done = 0; done < e.length(); done += BUFFER) {
        int bytes = Math.min(BUFFER, e.length() - done);
        int read =
            segment.file().read(buffer.clear().limit(bytes), Address.position(e.address()) + done);
        if (read < bytes) {
          return "segment " + SegmentName.of(segment.id()) + " ends before its bytes";
        }
        int[] crcs = Checksums.slices(buffer.flip());
        int first = (offset + done) / BlockLayout.SLICE_BYTES;
        int different =
            Arrays.mismatch(
                row.crcs(),
                first,
                Math.min(row.crcs().length, first + crcs.length),
                crcs,
                0,
                crcs.length);
        if (different >= 0) {
          return "slice " + (first + different) + " does not match its checksum";
        }
      }
      return null;
    } catch (ClosedChannelException | AshlarException ex) {
      // The store is closing, this thread was interrupted, or there are no descriptors: says
      // nothing about the block.
      throw ex;
    } catch (IOException ex) {
      return "its bytes cannot be read: " + ex.getMessage();
    }
  }
}
