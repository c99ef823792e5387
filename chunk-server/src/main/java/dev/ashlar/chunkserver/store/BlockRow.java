package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A sealed block: what its seal record and the index say.
 *
 * @param base version it shares its first {@code keep} bytes with, 0 if none (the base itself may
 *     be gone by now)
 * @param sealFrom oldest segment that may hold a seal record of this block
 * @param sealTo segment of its newest seal record
 * @param extents its bytes, in order; cut at multiples of the slice size
 * @param crcs CRC32C of each slice
 */
record BlockRow(
    BlockKey key,
    long group,
    long epoch,
    long base,
    int keep,
    int length,
    int root,
    int sealFrom,
    int sealTo,
    List<Extent> extents,
    int[] crcs) {
  /** Most bytes that {@link #encodeBody} makes: every slice an extent of its own. */
  static final int MAX_BODY = 32 + BlockLayout.slices(BlockLayout.BLOCK_BYTES) * 16;

  /** All but key, group, epoch and sealTo, which a record header has anyway. */
  void encodeBody(ByteBuffer out) {
    out.putLong(base)
        .putInt(keep)
        .putInt(length)
        .putInt(root)
        .putInt(sealFrom)
        .putInt(extents.size())
        .putInt(0);
    for (Extent e : extents) {
      out.putLong(e.address()).putInt(e.length());
    }
    for (int crc : crcs) {
      out.putInt(crc);
    }
  }

  int bodyBytes() {
    return 32 + 12 * extents.size() + 4 * crcs.length;
  }

  /**
   * Reads what {@link #encodeBody} wrote.
   *
   * @throws IllegalArgumentException if the fields contradict each other
   */
  static BlockRow decodeBody(BlockKey key, long group, long epoch, int sealTo, ByteBuffer in) {
    if (in.remaining() < 32) {
      throw new IllegalArgumentException(
          "The entry of " + key + " has only " + in.remaining() + " bytes");
    }
    long base = in.getLong();
    int keep = in.getInt();
    int length = in.getInt();
    int root = in.getInt();
    int sealFrom = in.getInt();
    int count = in.getInt();
    in.getInt();
    int slices = BlockLayout.slices(Math.max(0, length));
    if (length <= 0
        || length > BlockLayout.BLOCK_BYTES
        || count <= 0
        || count > slices
        || in.remaining() != 12 * count + 4 * slices) {
      throw new IllegalArgumentException(
          "The entry of "
              + key
              + " has "
              + length
              + " bytes in "
              + count
              + " extents, which does not fit its size");
    }
    List<Extent> extents = new ArrayList<>(count);
    long sum = 0;
    for (int i = 0; i < count; i++) {
      Extent e = new Extent(in.getLong(), in.getInt());
      extents.add(e);
      sum += e.length();
    }
    if (sum != length) {
      throw new IllegalArgumentException(
          "The extents of " + key + " hold " + sum + " bytes instead of " + length);
    }
    int[] crcs = new int[slices];
    for (int i = 0; i < slices; i++) {
      crcs[i] = in.getInt();
    }
    return new BlockRow(
        key, group, epoch, base, keep, length, root, sealFrom, sealTo, extents, crcs);
  }

  BlockRow sealed(int from, int to) {
    return new BlockRow(key, group, epoch, base, keep, length, root, from, to, extents, crcs);
  }

  BlockRow at(List<Extent> places) {
    return new BlockRow(
        key, group, epoch, base, keep, length, root, sealFrom, sealTo, places, crcs);
  }

  BlockEntry entry() {
    return new BlockEntry(key, group, length, root, epoch, true);
  }

  /** The same block, wherever its bytes lie. */
  boolean sameContent(BlockRow o) {
    return key.equals(o.key)
        && group == o.group
        && epoch == o.epoch
        && length == o.length
        && root == o.root
        && Arrays.equals(crcs, o.crcs);
  }
}
