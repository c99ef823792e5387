package dev.ashlar.protocol;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Redundancy and layout: {@code rs-6-3}, {@code xor-2-1}, {@code mirror-3}, optionally with its
 * cell size in KiB as in {@code rs-6-3-64k}.
 *
 * @param k data blocks of a chunk (1 for a mirror)
 * @param m parity blocks, or further copies of a mirror: what may be lost
 * @param cellBytes consecutive bytes of a file on one server; a multiple of {@link
 *     BlockLayout#SLICE_BYTES}
 */
public record Policy(Kind kind, int k, int m, int cellBytes) {
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
          "(rs|xor)-(\\d{1,3})-(\\d{1,3})(?:-(\\d{1,4})k)?|mirror-(\\d{1,3})(?:-(\\d{1,4})k)?");

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
    if (t.group(1) == null) {
      int copies = Integer.parseInt(t.group(5));
      if (copies < 1) {
        throw new IllegalArgumentException("A mirror needs at least one copy, as in mirror-3");
      }
      return new Policy(Kind.MIRROR, 1, copies - 1, cell(t.group(6)));
    }
    Kind kind = t.group(1).equals("rs") ? Kind.RS : Kind.XOR;
    return new Policy(
        kind, Integer.parseInt(t.group(2)), Integer.parseInt(t.group(3)), cell(t.group(4)));
  }

  private static int cell(String kib) {
    return kib == null ? DEFAULT_CELL_BYTES : Integer.parseInt(kib) << 10;
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
    return (long) k * BlockLayout.BLOCK_BYTES;
  }

  @Override
  public String toString() {
    String base =
        kind == Kind.MIRROR
            ? "mirror-" + width()
            : kind.name().toLowerCase(Locale.ROOT) + "-" + k + "-" + m;
    return cellBytes == DEFAULT_CELL_BYTES ? base : base + "-" + (cellBytes >> 10) + "k";
  }
}
