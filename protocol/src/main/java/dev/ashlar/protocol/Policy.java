package dev.ashlar.protocol;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Redundancy and layout: {@code rs-6-3}, {@code xor-2-1}, {@code mirror-3}, optionally with its
 * cell size in KiB as in {@code rs-6-3-64k}, and then the size of its largest block as in {@code
 * rs-6-3-64k-1024k}.
 *
 * @param k data blocks of a chunk (1 for a mirror)
 * @param m parity blocks, or further copies of a mirror: what may be lost
 * @param cellBytes consecutive bytes of a file on one server; a multiple of {@link
 *     BlockLayout#SLICE_BYTES}
 * @param blockBytes most bytes of one block; a multiple of the cell, up to {@link
 *     BlockLayout#BLOCK_BYTES}
 */
public record Policy(Kind kind, int k, int m, int cellBytes, int blockBytes) {
  /** The family of the code. The order is the wire format: append only. */
  public enum Kind {
    RS,
    XOR,
    MIRROR
  }

  public static final int DEFAULT_CELL_BYTES = 64 << 10;

  /** Widest stripe accepted; beyond it groups become too hard to place. */
  public static final int MAX_WIDTH = 64;

  /** Largest cell accepted: 1 MiB. */
  public static final int MAX_CELL_BYTES = 1 << 20;

  private static final Pattern TEXT =
      Pattern.compile(
          "(?:(rs|xor)-(\\d{1,3})-(\\d{1,3})|mirror-(\\d{1,3}))(?:-(\\d{1,4})k(?:-(\\d{1,4})k)?)?");

  public Policy {
    if (k < 1 || m < 0 || k + m > MAX_WIDTH) {
      throw new IllegalArgumentException(
          "A policy needs 1 to "
              + MAX_WIDTH
              + " blocks per stripe, at least one of data, but k="
              + k
              + " m="
              + m);
    }
    if (kind == Kind.XOR && m != 1) {
      throw new IllegalArgumentException(
          "An xor policy has exactly one parity block, as in xor-2-1, but m=" + m);
    }
    if (kind == Kind.MIRROR && k != 1) {
      throw new IllegalArgumentException("A mirror has one data block, but k=" + k);
    }
    if (cellBytes < BlockLayout.SLICE_BYTES
        || cellBytes > MAX_CELL_BYTES
        || cellBytes % BlockLayout.SLICE_BYTES != 0) {
      throw new IllegalArgumentException(
          "The cell size must be a multiple of "
              + (BlockLayout.SLICE_BYTES >> 10)
              + "k up to 1024k, but is "
              + cellBytes
              + " bytes");
    }
    if (blockBytes < cellBytes
        || blockBytes > BlockLayout.BLOCK_BYTES
        || blockBytes % cellBytes != 0) {
      throw new IllegalArgumentException(
          "The block size must be a multiple of the cell's "
              + (cellBytes >> 10)
              + "k up to "
              + (BlockLayout.BLOCK_BYTES >> 10)
              + "k, but is "
              + blockBytes
              + " bytes");
    }
  }

  /** With the largest blocks. */
  public Policy(Kind kind, int k, int m, int cellBytes) {
    this(kind, k, m, cellBytes, largestBlock(cellBytes));
  }

  private static int largestBlock(int cellBytes) {
    return BlockLayout.BLOCK_BYTES / Math.max(1, cellBytes) * cellBytes;
  }

  /**
   * Reads the text form.
   *
   * @throws IllegalArgumentException with a sentence that says what is accepted
   */
  public static Policy parse(String text) {
    Matcher t = TEXT.matcher(text.toLowerCase(Locale.ROOT));
    if (!t.matches()) {
      throw new IllegalArgumentException(
          "No policy is called '"
              + text
              + "': use rs-K-M, xor-K-1 or mirror-N, for example rs-6-3");
    }
    int cell = kib(t.group(5), DEFAULT_CELL_BYTES);
    int block = kib(t.group(6), largestBlock(cell));
    if (t.group(1) == null) {
      int copies = Integer.parseInt(t.group(4));
      if (copies < 1) {
        throw new IllegalArgumentException("A mirror needs at least one copy, as in mirror-3");
      }
      return new Policy(Kind.MIRROR, 1, copies - 1, cell, block);
    }
    Kind kind = t.group(1).equals("rs") ? Kind.RS : Kind.XOR;
    int k = Integer.parseInt(t.group(2));
    return new Policy(kind, k, Integer.parseInt(t.group(3)), cell, block);
  }

  private static int kib(@Nullable String text, int otherwise) {
    return text == null ? otherwise : Integer.parseInt(text) << 10;
  }

  /** Blocks of a chunk: k + m. */
  public int width() {
    return k + m;
  }

  /**
   * Fewest blocks that must be on media before a commit: one more loss must be survivable, where
   * the policy survives any.
   */
  public int minimumBlocks() {
    return Math.min(k + 1, width());
  }

  public int stripeBytes() {
    return k * cellBytes;
  }

  /** Bytes of a file that one chunk covers; the last chunk of a file may hold fewer. */
  public long chunkBytes() {
    return (long) k * blockBytes;
  }

  @Override
  public String toString() {
    String base =
        kind == Kind.MIRROR
            ? "mirror-" + width()
            : kind.name().toLowerCase(Locale.ROOT) + "-" + k + "-" + m;
    boolean largest = blockBytes == largestBlock(cellBytes);
    if (cellBytes == DEFAULT_CELL_BYTES && largest) {
      return base;
    }
    String cell = base + "-" + (cellBytes >> 10) + "k";
    return largest ? cell : cell + "-" + (blockBytes >> 10) + "k";
  }
}
