package dev.ashlar.master.state;

import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.state.Rows.PackRow;
import dev.ashlar.master.state.Rows.SliceRow;

/**
 * Which files have bytes in which packs. A pack lasts as long as it has files: whoever takes one
 * away deletes a pack that is said to be empty.
 */
final class Slices {
  /** No pack became empty. */
  static final long NONE = 0;

  private final Changes c;

  Slices(Changes c) {
    this.c = c;
  }

  /** A pack that nothing has bytes of yet; it stays until {@link #end}. */
  void begin(long pack) {
    c.put(Table.PACKS.key(pack), new PackRow(1, 0));
  }

  /** All files of a new pack were made. Returns it if none of them is left. */
  long end(long pack) {
    PackRow all = pack(pack);
    PackRow left = new PackRow(all.files() - 1, all.liveBytes());
    c.put(Table.PACKS.key(pack), left);
    return left.files() == 0 ? pack : NONE;
  }

  /** Gives a file without one its slice. */
  void put(long inode, SliceRow slice) {
    PackRow pack = pack(slice.pack());
    c.put(Table.SLICES.key(inode), slice);
    c.put(Table.PACK_FILES.key(slice.pack(), inode), new byte[0]);
    c.put(
        Table.PACKS.key(slice.pack()),
        new PackRow(pack.files() + 1, pack.liveBytes() + slice.length()));
  }

  /** Takes a file's slice away if it has one. Returns the pack if that is empty now. */
  long drop(long inode) {
    SliceRow slice = c.slice(inode);
    if (slice == null) {
      return NONE;
    }
    PackRow pack = pack(slice.pack());
    c.delete(Table.SLICES.key(inode));
    c.delete(Table.PACK_FILES.key(slice.pack(), inode));
    PackRow left = new PackRow(pack.files() - 1, pack.liveBytes() - slice.length());
    c.put(Table.PACKS.key(slice.pack()), left);
    return left.files() == 0 ? slice.pack() : NONE;
  }

  /** Lets bytes from {@code size} on read as zeros. Returns the pack if that is empty now. */
  long cut(long inode, long size) {
    SliceRow slice = c.slice(inode);
    if (slice == null || slice.length() <= size) {
      return NONE;
    }
    if (size == 0) {
      return drop(inode);
    }
    PackRow pack = pack(slice.pack());
    c.put(Table.SLICES.key(inode), new SliceRow(slice.pack(), slice.offset(), size));
    c.put(
        Table.PACKS.key(slice.pack()),
        new PackRow(pack.files(), pack.liveBytes() - slice.length() + size));
    return NONE;
  }

  /** The pack itself is deleted. */
  void forget(long pack) {
    c.delete(Table.PACKS.key(pack));
  }

  private PackRow pack(long inode) {
    PackRow pack = c.pack(inode);
    if (pack == null) {
      throw new IllegalStateException("Pack " + inode + " is named by a slice, but does not exist");
    }
    return pack;
  }
}
