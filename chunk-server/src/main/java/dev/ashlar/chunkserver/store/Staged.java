package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.Checksums;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A block being written: known in memory only, gone at a restart. Changed by the disk's thread;
 * others read {@link #length} and {@link #crcs}.
 */
final class Staged {
  final BlockKey key;
  final long group;
  final long epoch;
  final long base;
  final int keep;
  private final List<Extent> extents = new ArrayList<>();
  private int[] crcs = new int[8];
  private int length;

  Staged(BlockKey key, long group, long epoch, long base, int keep) {
    this.key = key;
    this.group = group;
    this.epoch = epoch;
    this.base = base;
    this.keep = keep;
  }

  /** Shares the first {@code keep} bytes of a sealed version. */
  synchronized void share(BlockRow from) {
    extents.addAll(Ranges.prefix(from.extents(), keep));
    crcs = Arrays.copyOf(from.crcs(), Math.max(8, BlockLayout.slices(keep)));
    length = keep;
  }

  synchronized void add(long address, int bytes, int[] slices) {
    int have = BlockLayout.slices(length);
    if (have + slices.length > crcs.length) {
      crcs = Arrays.copyOf(crcs, Math.max(crcs.length * 2, have + slices.length));
    }
    System.arraycopy(slices, 0, crcs, have, slices.length);
    extents.add(new Extent(address, bytes));
    length += bytes;
  }

  synchronized int length() {
    return length;
  }

  synchronized int[] crcs() {
    return Arrays.copyOf(crcs, BlockLayout.slices(length));
  }

  synchronized List<Extent> extents() {
    return List.copyOf(extents);
  }

  /** Its bytes were moved. */
  synchronized void place(List<Extent> places) {
    extents.clear();
    extents.addAll(places);
  }

  /** What it is once sealed; the segments of its seal are still open (0). */
  synchronized BlockRow row() {
    int[] all = crcs();
    return new BlockRow(
        key,
        group,
        epoch,
        base,
        keep,
        length,
        Checksums.root(all, all.length, length),
        0,
        0,
        List.copyOf(extents),
        all);
  }

  BlockEntry entry() {
    return new BlockEntry(key, group, length(), 0, epoch, false);
  }
}
