package dev.ashlar.protocol;

/**
 * Where the bytes of a chunk lie in its blocks. Data byte p of a chunk belongs to stripe p /
 * stripeBytes; inside the stripe, cell j holds bytes [j * cell, (j + 1) * cell). Block j is the
 * concatenation of its cells over all stripes. In the last, partial stripe a data cell holds what
 * there is, perhaps nothing (an absent cell counts as zeros in the code), and every parity cell is
 * as long as the stripe's first data cell.
 */
public final class BlockLayout {
  /**
   * What one CRC32C covers, counted from the start of the block; the last slice of a block may be
   * shorter.
   */
  public static final int SLICE_BYTES = 16 << 10;

  /** Largest block: a chunk has k of them as data. */
  public static final int BLOCK_BYTES = 8 << 20;

  private BlockLayout() {}

  /**
   * Length in bytes of block {@code index} of a chunk that holds {@code chunkLength} bytes of a
   * file.
   */
  public static long blockLength(Policy policy, long chunkLength, int index) {
    long whole = chunkLength / policy.stripeBytes();
    long rest = chunkLength % policy.stripeBytes();
    long cell = policy.cellBytes();
    int position = index < policy.k() ? index : 0;
    return whole * cell + Math.max(0, Math.min(cell, rest - position * cell));
  }

  /** How many slices (and so CRCs) cover {@code blockLength} bytes. */
  public static int slices(long blockLength) {
    return (int) ((blockLength + SLICE_BYTES - 1) / SLICE_BYTES);
  }

  /**
   * Blocks of a chunk of this length that hold any byte: the others are never stored. Bit i stands
   * for block i.
   */
  public static long storedMask(Policy policy, long chunkLength) {
    long mask = 0;
    for (int i = 0; i < policy.width(); i++) {
      if (blockLength(policy, chunkLength, i) > 0) {
        mask |= 1L << i;
      }
    }
    return mask;
  }
}
