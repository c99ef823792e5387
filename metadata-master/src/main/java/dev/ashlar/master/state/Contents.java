package dev.ashlar.master.state;

import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.state.Rows.ChunkRow;
import dev.ashlar.master.state.Rows.EntryRow;
import dev.ashlar.master.state.Rows.InodeRow;
import dev.ashlar.master.state.Tables.Found;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Attr;
import java.util.List;

/** The content of files as a whole: cutting, deleting, letting go. */
final class Contents {
  private static final int PAGE = 1000;

  private final Changes c;
  private final Leases leases;
  private final Slices slices;

  Contents(Changes c, Leases leases) {
    this.c = c;
    this.leases = leases;
    this.slices = new Slices(c);
  }

  Slices slices() {
    return slices;
  }

  static void validSize(long size, Policy policy) {
    if (size < 0) {
      throw new Refusal(ErrorCode.INVALID, "A file cannot have " + size + " bytes");
    }
    if (size > Integer.MAX_VALUE * policy.chunkBytes()) {
      throw new Refusal(
          ErrorCode.TOO_LARGE,
          "A file of "
              + size
              + " bytes is too large: with policy "
              + policy
              + " at most "
              + Integer.MAX_VALUE * policy.chunkBytes()
              + " are possible");
    }
  }

  /**
   * Lets bytes from {@code size} on read as zeros: chunks beyond are dropped, the one it falls into
   * is cut. What is staged from there on is dropped too.
   */
  void cut(InodeRow file, long size) {
    long inode = file.attr().inode();
    long chunkBytes = Inodes.policy(file.attr().policy()).chunkBytes();
    if (size / chunkBytes > Integer.MAX_VALUE) {
      return;
    }
    int first = (int) (size / chunkBytes);
    leases.dropStaged(inode, first);
    unpacked(slices.cut(inode, size));
    long kept = size % chunkBytes;
    if (kept > 0) {
      ChunkRow row = c.chunk(inode, first);
      if (row != null && row.validLength() > kept) {
        c.putChunk(inode, first, row, Chunks.cut(row, kept), c.groupOf(row));
      }
    }
    dropChunks(inode, kept > 0 ? first + 1L : first);
  }

  private void dropChunks(long inode, long from) {
    if (from > Integer.MAX_VALUE) {
      return;
    }
    while (true) {
      List<Found<ChunkRow>> page = c.chunks(inode, (int) from, PAGE);
      for (Found<ChunkRow> f : page) {
        c.dropChunk(inode, Tables.index(f.key()), f.row());
      }
      if (page.size() < PAGE) {
        return;
      }
    }
  }

  /** Removes an inode that has no name any more, with its lease, chunks and attributes. */
  void deleteInode(InodeRow row) {
    long inode = row.attr().inode();
    leases.end(inode);
    switch (row.attr().type()) {
      case FILE -> {
        dropChunks(inode, 0);
        dropSlice(inode);
      }
      case PACK -> {
        dropChunks(inode, 0);
        slices.forget(inode);
      }
      case DIRECTORY, SYMLINK -> {}
    }
    for (byte[] key : c.keys(Table.XATTRS.key(inode), Integer.MAX_VALUE)) {
      c.delete(key);
    }
    c.removeInode(inode);
  }

  /** Takes the bytes that a file has in a pack away. */
  void dropSlice(long inode) {
    unpacked(slices.drop(inode));
  }

  /** Deletes a pack that has become empty, if there is one. */
  void unpacked(long pack) {
    if (pack != Slices.NONE) {
      deleteInode(Inodes.existing(c, pack));
    }
  }

  /** Ends the lease; a file that never got a name goes with it. */
  void letGo(long inode) {
    leases.end(inode);
    InodeRow row = c.inode(inode);
    if (row != null && row.attr().links() == 0) {
      deleteInode(row);
    }
  }

  /** Whether a file can get this name in place of what has it now; refuses if not. */
  void linkable(long parent, String name, boolean replace) {
    Inodes.directory(c, parent);
    Inodes.validName(name);
    EntryRow there = c.entry(parent, name);
    if (there == null) {
      return;
    }
    if (!replace) {
      throw new Refusal(ErrorCode.EXISTS, Inodes.path(c, parent, name) + ": exists already");
    }
    Attr attr = Inodes.existing(c, there.inode()).attr();
    if (attr.isDirectory()) {
      throw new Refusal(
          ErrorCode.IS_DIRECTORY,
          Inodes.path(c, parent, name) + ": is a directory, so a file cannot take its place");
    }
  }
}
