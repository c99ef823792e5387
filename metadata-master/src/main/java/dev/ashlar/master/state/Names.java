package dev.ashlar.master.state;

import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.state.Rows.EntryRow;
import dev.ashlar.master.state.Rows.InodeRow;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.FileType;
import java.util.List;

/**
 * Puts names on inodes and takes them off: directory entry, link count, the parent's size, links
 * and times, and the way back from inode to name. The first name of a file stands in its inode row;
 * further ones in LINKS, so that a file with one name costs no extra row. Checks nothing: callers
 * have.
 */
final class Names {
  private final Changes c;
  private final Contents contents;

  Names(Changes c, Contents contents) {
    this.c = c;
    this.contents = contents;
  }

  /** Gives an inode one more name. */
  void add(long parent, String name, long inode) {
    InodeRow row = Inodes.existing(c, inode);
    boolean directory = row.attr().isDirectory();
    c.put(Table.ENTRIES.key(parent, name), new EntryRow(inode, row.attr().type()));
    Attr attr =
        directory ? row.attr() : Inodes.links(row.attr(), row.attr().links() + 1, c.nowNs());
    if (!directory && row.attr().links() == 0) {
      c.countNames(1, 0);
    }
    attach(row, attr, parent, name);
    touch(parent, 1, directory ? 1 : 0);
  }

  /** Takes a name off; a file without names is gone, a directory (which must be empty) too. */
  void remove(long parent, String name, EntryRow entry) {
    c.delete(Table.ENTRIES.key(parent, name));
    boolean directory = entry.type() == FileType.DIRECTORY;
    touch(parent, -1, directory ? -1 : 0);
    InodeRow row = Inodes.existing(c, entry.inode());
    if (directory) {
      c.countNames(0, -1);
      contents.deleteInode(row);
      return;
    }
    int links = row.attr().links() - 1;
    if (links == 0) {
      c.countNames(-1, 0);
      contents.deleteInode(row);
    } else {
      detach(row, Inodes.links(row.attr(), links, c.nowNs()), parent, name);
    }
  }

  /** Moves an entry to a place that is free. */
  void move(long parent, String name, EntryRow entry, long newParent, String newName) {
    boolean directory = entry.type() == FileType.DIRECTORY;
    c.delete(Table.ENTRIES.key(parent, name));
    touch(parent, -1, directory ? -1 : 0);
    c.put(Table.ENTRIES.key(newParent, newName), entry);
    touch(newParent, 1, directory ? 1 : 0);
    retitle(entry.inode(), parent, name, newParent, newName);
  }

  /** Swaps what two names stand for. */
  void exchange(long parentA, String nameA, EntryRow a, long parentB, String nameB, EntryRow b) {
    c.put(Table.ENTRIES.key(parentA, nameA), b);
    c.put(Table.ENTRIES.key(parentB, nameB), a);
    int linksMoved =
        (b.type() == FileType.DIRECTORY ? 1 : 0) - (a.type() == FileType.DIRECTORY ? 1 : 0);
    touch(parentA, 0, parentA == parentB ? 0 : linksMoved);
    touch(parentB, 0, parentA == parentB ? 0 : -linksMoved);
    if (a.inode() != b.inode()) {
      retitle(a.inode(), parentA, nameA, parentB, nameB);
      retitle(b.inode(), parentB, nameB, parentA, nameA);
    }
  }

  private void retitle(long inode, long parent, String name, long newParent, String newName) {
    InodeRow row = Inodes.existing(c, inode);
    Attr attr = Inodes.links(row.attr(), row.attr().links(), c.nowNs());
    if (isFirst(row, parent, name)) {
      c.putInode(new InodeRow(attr, newParent, newName, row.target()));
    } else {
      c.delete(Table.LINKS.key(inode, parent, name));
      c.put(Table.LINKS.key(inode, newParent, newName), new byte[0]);
      c.putAttr(row, attr);
    }
  }

  private void attach(InodeRow row, Attr attr, long parent, String name) {
    if (row.parent() == 0) {
      c.putInode(new InodeRow(attr, parent, name, row.target()));
    } else {
      c.put(Table.LINKS.key(attr.inode(), parent, name), new byte[0]);
      c.putAttr(row, attr);
    }
  }

  private void detach(InodeRow row, Attr attr, long parent, String name) {
    if (!isFirst(row, parent, name)) {
      c.delete(Table.LINKS.key(attr.inode(), parent, name));
      c.putAttr(row, attr);
      return;
    }
    List<byte[]> others = c.keys(Table.LINKS.key(attr.inode()), 1);
    if (others.isEmpty()) {
      throw new IllegalStateException(
          "Inode " + attr.inode() + " counts " + attr.links() + " more names but has none");
    }
    byte[] next = others.get(0);
    c.delete(next);
    c.putInode(new InodeRow(attr, Keys.number(next, 1), Keys.name(next, 2), row.target()));
  }

  private static boolean isFirst(InodeRow row, long parent, String name) {
    return row.parent() == parent && row.name().equals(name);
  }

  private void touch(long directory, int entries, int links) {
    InodeRow row = Inodes.existing(c, directory);
    c.putAttr(row, Inodes.entries(row.attr(), entries, links, c.nowNs()));
  }
}
