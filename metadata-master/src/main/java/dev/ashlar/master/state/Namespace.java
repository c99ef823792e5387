package dev.ashlar.master.state;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ashlar.master.state.Rows.EntryRow;
import dev.ashlar.master.state.Rows.InodeRow;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterReply.AttrReply;
import dev.ashlar.protocol.message.MasterReply.Done;

/** Commands on names, as POSIX has them. Every method checks all first, then changes. */
final class Namespace {
  /** Longest target of a symbolic link in bytes, as on Linux. */
  private static final int MAX_TARGET_BYTES = 4095;

  private static final int SET_GID = 02000;

  private final Changes c;
  private final Names names;

  Namespace(Changes c, Names names) {
    this.c = c;
    this.names = names;
  }

  MasterReply mkdir(Command.Mkdir m) {
    InodeRow parent = free(m.parent(), m.name());
    int inherited = parent.attr().mode() & SET_GID;
    long inode = c.nextInode();
    Attr attr =
        Inodes.fresh(
            inode,
            FileType.DIRECTORY,
            m.mode() | inherited,
            m.uid(),
            group(parent, m.gid()),
            2,
            0,
            "",
            c.nowNs());
    c.putInode(new InodeRow(attr, 0, "", ""));
    names.add(m.parent(), m.name(), inode);
    c.countNames(0, 1);
    return attr(inode);
  }

  MasterReply symlink(Command.Symlink s) {
    InodeRow parent = free(s.parent(), s.name());
    int bytes = s.target().getBytes(UTF_8).length;
    if (bytes == 0 || s.target().indexOf('\0') >= 0) {
      throw new Refusal(
          ErrorCode.INVALID, "The target of a symbolic link must not be empty nor contain NUL");
    }
    if (bytes > MAX_TARGET_BYTES) {
      throw new Refusal(
          ErrorCode.NAME_TOO_LONG,
          "A link target of "
              + bytes
              + " bytes is too long: at most "
              + MAX_TARGET_BYTES
              + " are possible");
    }
    long inode = c.nextInode();
    c.putInode(
        new InodeRow(
            Inodes.fresh(
                inode,
                FileType.SYMLINK,
                0777,
                s.uid(),
                group(parent, s.gid()),
                0,
                bytes,
                "",
                c.nowNs()),
            0,
            "",
            s.target()));
    names.add(s.parent(), s.name(), inode);
    return attr(inode);
  }

  MasterReply hardLink(Command.HardLink h) {
    InodeRow row = Inodes.existing(c, h.inode());
    if (row.attr().isDirectory()) {
      throw new Refusal(
          ErrorCode.PERMISSION,
          Inodes.path(c, h.inode()) + ": a directory cannot have a second name");
    }
    if (row.attr().links() == 0) {
      throw new Refusal(
          ErrorCode.NOT_FOUND,
          "inode " + h.inode() + ": a staged file gets its name from a commit");
    }
    free(h.parent(), h.name());
    names.add(h.parent(), h.name(), h.inode());
    return attr(h.inode());
  }

  MasterReply unlink(Command.Unlink u) {
    EntryRow entry = present(u.parent(), u.name());
    if (entry.type() == FileType.DIRECTORY) {
      throw new Refusal(
          ErrorCode.IS_DIRECTORY, Inodes.path(c, u.parent(), u.name()) + ": is a directory");
    }
    names.remove(u.parent(), u.name(), entry);
    return new Done();
  }

  MasterReply rmdir(Command.Rmdir r) {
    EntryRow entry = present(r.parent(), r.name());
    if (entry.type() != FileType.DIRECTORY) {
      throw new Refusal(
          ErrorCode.NOT_DIRECTORY, Inodes.path(c, r.parent(), r.name()) + ": not a directory");
    }
    empty(entry.inode());
    names.remove(r.parent(), r.name(), entry);
    return new Done();
  }

  MasterReply rename(Command.Rename r) {
    if (r.noReplace() && r.exchange()) {
      throw new Refusal(ErrorCode.INVALID, "A rename cannot both exchange and refuse to replace");
    }
    EntryRow source = present(r.parent(), r.name());
    Inodes.directory(c, r.newParent());
    Inodes.validName(r.newName());
    if (source.type() == FileType.DIRECTORY) {
      notBelow(r.newParent(), source.inode());
    }
    EntryRow target = c.entry(r.newParent(), r.newName());
    if (r.exchange()) {
      return exchange(r, source);
    }
    if (target != null) {
      if (r.noReplace()) {
        throw new Refusal(
            ErrorCode.EXISTS, Inodes.path(c, r.newParent(), r.newName()) + ": exists already");
      }
      if (target.inode() == source.inode()) {
        return new Done(); // two names of one file, or the same name: POSIX leaves both
      }
      replaceable(r, source, target);
      names.remove(r.newParent(), r.newName(), target);
    }
    names.move(r.parent(), r.name(), source, r.newParent(), r.newName());
    return new Done();
  }

  private MasterReply exchange(Command.Rename r, EntryRow source) {
    EntryRow target = Inodes.entry(c, r.newParent(), r.newName());
    if (target.type() == FileType.DIRECTORY) {
      notBelow(r.parent(), target.inode());
    }
    if (target.inode() != source.inode()) {
      names.exchange(r.parent(), r.name(), source, r.newParent(), r.newName(), target);
    }
    return new Done();
  }

  private void replaceable(Command.Rename r, EntryRow source, EntryRow target) {
    boolean from = source.type() == FileType.DIRECTORY;
    boolean onto = target.type() == FileType.DIRECTORY;
    if (from && !onto) {
      throw new Refusal(
          ErrorCode.NOT_DIRECTORY,
          Inodes.path(c, r.newParent(), r.newName())
              + ": not a directory, so a directory cannot take its place");
    }
    if (!from && onto) {
      throw new Refusal(
          ErrorCode.IS_DIRECTORY,
          Inodes.path(c, r.newParent(), r.newName())
              + ": is a directory, so a file cannot take its place");
    }
    if (onto) {
      empty(target.inode());
    }
  }

  private void notBelow(long directory, long moved) {
    if (Inodes.isWithin(c, directory, moved)) {
      throw new Refusal(
          ErrorCode.INVALID, Inodes.path(c, moved) + ": a directory cannot be moved below itself");
    }
  }

  private void empty(long directory) {
    if (Inodes.directory(c, directory).attr().size() != 0) {
      throw new Refusal(ErrorCode.NOT_EMPTY, Inodes.path(c, directory) + ": directory not empty");
    }
  }

  private EntryRow present(long parent, String name) {
    Inodes.directory(c, parent);
    Inodes.validName(name);
    return Inodes.entry(c, parent, name);
  }

  private InodeRow free(long parent, String name) {
    InodeRow row = Inodes.directory(c, parent);
    Inodes.validName(name);
    if (c.entry(parent, name) != null) {
      throw new Refusal(ErrorCode.EXISTS, Inodes.path(c, parent, name) + ": exists already");
    }
    return row;
  }

  /** What a new inode's group is: a directory with the set-group-id bit hands its own down. */
  static int group(InodeRow parent, int gid) {
    return (parent.attr().mode() & SET_GID) == 0 ? gid : parent.attr().gid();
  }

  private AttrReply attr(long inode) {
    return new AttrReply(Inodes.existing(c, inode).attr());
  }
}
