package dev.ashlar.protocol;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * CRC32C of slices, the root that binds all slices of a block, and the digest that compares sets of
 * blocks.
 */
public final class Checksums {
  private Checksums() {}

  /** CRC32C of the remaining bytes; the buffer's position is left alone. */
  public static int crc(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.duplicate());
    return (int) crc.getValue();
  }

  /**
   * CRC32C of each {@link BlockLayout#SLICE_BYTES} of the remaining bytes; the buffer's position is
   * left alone.
   */
  public static int[] slices(ByteBuffer bytes) {
    ByteBuffer rest = bytes.duplicate();
    int end = rest.limit();
    int[] crcs = new int[BlockLayout.slices(rest.remaining())];
    CRC32C crc = new CRC32C();
    for (int i = 0; i < crcs.length; i++) {
      rest.limit(Math.min(end, rest.position() + BlockLayout.SLICE_BYTES));
      crc.reset();
      crc.update(rest);
      crcs[i] = (int) crc.getValue();
    }
    return crcs;
  }

  /**
   * CRC root of a block: CRC32C over its length (8 bytes) and then its slice CRCs (4 bytes each),
   * big endian. An empty block has root 0.
   */
  public static int root(int[] crcs, int count, long length) {
    if (length == 0) {
      return 0;
    }
    ByteBuffer bytes = ByteBuffer.allocate(8 + 4 * count);
    bytes.putLong(length);
    for (int i = 0; i < count; i++) {
      bytes.putInt(crcs[i]);
    }
    return crc(bytes.flip());
  }

  /**
   * What one sealed block adds to the digest of its group on a disk; digests are sums, so order
   * does not matter.
   */
  public static long digest(BlockKey block, int root) {
    long h = block.chunk() * 0x9E3779B97F4A7C15L + block.version();
    h = (h ^ (h >>> 32)) * 0xD6E8FEB86659FD93L + block.index();
    h = (h ^ (h >>> 29)) * 0xBF58476D1CE4E5B9L + root;
    return h ^ (h >>> 32);
  }
}
