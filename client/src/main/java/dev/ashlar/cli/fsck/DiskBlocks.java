package dev.ashlar.cli.fsck;

import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import java.util.Arrays;
import java.util.BitSet;

/**
 * What one disk has, in the order of the keys, in few bytes a block, and which of it files are
 * known to need. Filled by one thread; then {@link #find} and {@link #need} are for one thread too.
 */
final class DiskBlocks {
  private static final int FIRST_CAPACITY = 1_024;
  private static final int SEALED = 1;

  private long[] chunks = new long[FIRST_CAPACITY];
  private long[] versions = new long[FIRST_CAPACITY];
  private long[] groups = new long[FIRST_CAPACITY];
  private long[] epochs = new long[FIRST_CAPACITY];
  private int[] indexes = new int[FIRST_CAPACITY];
  private int[] lengths = new int[FIRST_CAPACITY];
  private int[] roots = new int[FIRST_CAPACITY];
  private byte[] flags = new byte[FIRST_CAPACITY];
  private final BitSet needed = new BitSet();
  private int size;

  /**
   * Adds the next block.
   *
   * @throws IllegalArgumentException if it is not behind the last one in the order of keys
   */
  void add(BlockEntry e) {
    if (size > 0 && compare(size - 1, e.block()) >= 0) {
      throw new IllegalArgumentException(
          "Blocks are not listed in order: " + e.block() + " after " + key(size - 1));
    }
    if (size == chunks.length) {
      grow();
    }
    chunks[size] = e.block().chunk();
    versions[size] = e.block().version();
    indexes[size] = e.block().index();
    groups[size] = e.group();
    epochs[size] = e.epoch();
    lengths[size] = (int) e.length();
    roots[size] = e.root();
    flags[size] = (byte) (e.sealed() ? SEALED : 0);
    size++;
  }

  private void grow() {
    int capacity = size * 2;
    chunks = Arrays.copyOf(chunks, capacity);
    versions = Arrays.copyOf(versions, capacity);
    groups = Arrays.copyOf(groups, capacity);
    epochs = Arrays.copyOf(epochs, capacity);
    indexes = Arrays.copyOf(indexes, capacity);
    lengths = Arrays.copyOf(lengths, capacity);
    roots = Arrays.copyOf(roots, capacity);
    flags = Arrays.copyOf(flags, capacity);
  }

  int size() {
    return size;
  }

  /** Where a block stands, negative if it is not there. */
  int find(BlockKey block) {
    int low = 0;
    int high = size - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int c = compare(middle, block);
      if (c == 0) {
        return middle;
      }
      if (c < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return -1;
  }

  private int compare(int at, BlockKey block) {
    return key(at).compareTo(block);
  }

  BlockKey key(int at) {
    return new BlockKey(chunks[at], versions[at], indexes[at]);
  }

  BlockEntry entry(int at) {
    return new BlockEntry(
        key(at), groups[at], lengths[at], roots[at], epochs[at], flags[at] == SEALED);
  }

  /** Some file needs the block at this place. */
  void need(int at) {
    needed.set(at);
  }

  /** The first block from {@code at} on that no file is known to need, -1 if there is none. */
  int nextUnneeded(int at) {
    int next = needed.nextClearBit(at);
    return next < size ? next : -1;
  }
}
