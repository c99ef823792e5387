package dev.ashlar.master.state;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ashlar.master.state.Rows.InodeRow;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.Command.SetAttr;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterReply.AttrReply;
import dev.ashlar.protocol.message.MasterReply.Done;

/**
 * Commands on attributes and extended attributes. Names that start with {@code ashlar.} are the
 * store's own; of them only {@link #POLICY} can be set.
 */
final class Attributes {
  static final String POLICY = "ashlar.policy";
  static final int MAX_VALUE_BYTES = 64 << 10;
  private static final String RESERVED = "ashlar.";

  private final Changes c;

  Attributes(Changes c) {
    this.c = c;
  }

  MasterReply set(SetAttr s) {
    InodeRow row = Inodes.existing(c, s.inode());
    int known = SetAttr.MODE | SetAttr.UID | SetAttr.GID | SetAttr.ACCESSED | SetAttr.MODIFIED;
    if ((s.mask() & ~known) != 0) {
      throw new Refusal(
          ErrorCode.INVALID,
          "This master does not know all of the attributes to set (mask " + s.mask() + ")");
    }
    Attr a = row.attr();
    Attr changed =
        new Attr(
            a.inode(),
            a.type(),
            (s.mask() & SetAttr.MODE) != 0 ? s.mode() & 07777 : a.mode(),
            (s.mask() & SetAttr.UID) != 0 ? s.uid() : a.uid(),
            (s.mask() & SetAttr.GID) != 0 ? s.gid() : a.gid(),
            a.links(),
            a.size(),
            a.version(),
            (s.mask() & SetAttr.ACCESSED) != 0 ? s.accessedNs() : a.accessedNs(),
            (s.mask() & SetAttr.MODIFIED) != 0 ? s.modifiedNs() : a.modifiedNs(),
            c.nowNs(),
            a.policy());
    c.putAttr(row, changed);
    return new AttrReply(changed);
  }

  MasterReply setXattr(Command.SetXattr x) {
    InodeRow row = Inodes.existing(c, x.inode());
    validName(x.name());
    if (x.value().length > MAX_VALUE_BYTES) {
      throw new Refusal(
          ErrorCode.TOO_LARGE,
          "An extended attribute of "
              + x.value().length
              + " bytes is too large: at most "
              + MAX_VALUE_BYTES
              + " are possible");
    }
    boolean policy = x.name().equals(POLICY);
    boolean there =
        policy
            ? !row.attr().policy().isEmpty()
            : c.bytes(Inodes.xattrKey(x.inode(), x.name())) != null;
    if (x.create() && there) {
      throw new Refusal(
          ErrorCode.EXISTS,
          Inodes.path(c, x.inode()) + ": has an attribute " + x.name() + " already");
    }
    if (x.replace() && !there) {
      throw noAttribute(c, x.inode(), x.name());
    }
    if (policy) {
      String text = Inodes.policy(new String(x.value(), UTF_8).strip()).toString();
      policyHolder(row);
      c.putAttr(row, Inodes.policy(row.attr(), text, c.nowNs()));
    } else {
      c.put(Inodes.xattrKey(x.inode(), x.name()), x.value());
      touch(row);
    }
    return new Done();
  }

  MasterReply removeXattr(Command.RemoveXattr x) {
    InodeRow row = Inodes.existing(c, x.inode());
    validName(x.name());
    if (x.name().equals(POLICY)) {
      policyHolder(row);
      if (row.attr().policy().isEmpty()) {
        throw noAttribute(c, x.inode(), x.name());
      }
      c.putAttr(row, Inodes.policy(row.attr(), "", c.nowNs()));
      return new Done();
    }
    byte[] key = Inodes.xattrKey(x.inode(), x.name());
    if (c.bytes(key) == null) {
      throw noAttribute(c, x.inode(), x.name());
    }
    c.delete(key);
    touch(row);
    return new Done();
  }

  private void policyHolder(InodeRow row) {
    if (!row.attr().isDirectory()) {
      throw new Refusal(
          ErrorCode.INVALID,
          Inodes.path(c, row.attr().inode())
              + ": the policy of a file is fixed when it is made; set "
              + POLICY
              + " on a directory and copy the file into it");
    }
  }

  private void touch(InodeRow row) {
    c.putAttr(row, Inodes.links(row.attr(), row.attr().links(), c.nowNs()));
  }

  private static void validName(String name) {
    int bytes = name.getBytes(UTF_8).length;
    if (bytes == 0 || name.indexOf('\0') >= 0) {
      throw new Refusal(
          ErrorCode.INVALID, "The name of an extended attribute must not be empty nor contain NUL");
    }
    if (bytes > Keys.MAX_NAME_BYTES) {
      throw new Refusal(
          ErrorCode.NAME_TOO_LONG,
          "An attribute name of "
              + bytes
              + " bytes is too long: at most "
              + Keys.MAX_NAME_BYTES
              + " are possible");
    }
    if (name.startsWith(RESERVED) && !name.equals(POLICY)) {
      throw new Refusal(
          ErrorCode.INVALID,
          "Attribute names that start with '"
              + RESERVED
              + "' are reserved, and there is no "
              + name);
    }
  }

  static Refusal noAttribute(Tables t, long inode, String name) {
    return new Refusal(
        ErrorCode.NO_ATTRIBUTE, Inodes.path(t, inode) + ": has no attribute " + name);
  }
}
