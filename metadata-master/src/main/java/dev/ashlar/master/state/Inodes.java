package dev.ashlar.master.state;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.state.Rows.EntryRow;
import dev.ashlar.master.state.Rows.InodeRow;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.FileType;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What reading and changing the namespace have in common: finding inodes and names, or refusing
 * with a sentence.
 */
final class Inodes {
  /** A path for people is cut above this many names. */
  private static final int SHOWN_NAMES = 200;

  private Inodes() {}

  static InodeRow existing(Tables t, long inode) {
    InodeRow row = t.inode(inode);
    if (row == null) {
      throw new Refusal(ErrorCode.NOT_FOUND, "inode " + inode + ": no such file or directory");
    }
    return row;
  }

  static InodeRow directory(Tables t, long inode) {
    InodeRow row = existing(t, inode);
    if (!row.attr().isDirectory()) {
      throw new Refusal(ErrorCode.NOT_DIRECTORY, path(t, inode) + ": not a directory");
    }
    return row;
  }

  static InodeRow file(Tables t, long inode) {
    InodeRow row = existing(t, inode);
    switch (row.attr().type()) {
      case FILE -> {}
      case DIRECTORY ->
          throw new Refusal(ErrorCode.IS_DIRECTORY, path(t, inode) + ": is a directory");
      case SYMLINK ->
          throw new Refusal(
              ErrorCode.INVALID,
              path(t, inode) + ": is a symbolic link, which has no content to change");
      case PACK ->
          throw new Refusal(
              ErrorCode.INVALID,
              path(t, inode) + ": is a pack of small files, which is changed through these only");
    }
    return row;
  }

  static EntryRow entry(Tables t, long parent, String name) {
    EntryRow entry = t.entry(parent, name);
    if (entry == null) {
      throw new Refusal(ErrorCode.NOT_FOUND, path(t, parent, name) + ": no such file or directory");
    }
    return entry;
  }

  static void validName(String name) {
    if (name.isEmpty()
        || name.equals(".")
        || name.equals("..")
        || name.indexOf('/') >= 0
        || name.indexOf('\0') >= 0) {
      throw new Refusal(
          ErrorCode.INVALID,
          "'"
              + name.replace('\0', '?')
              + "' cannot be the name of a file: it must not be empty, '.' or '..', nor contain '/' or NUL");
    }
    byte[] bytes = name.getBytes(UTF_8);
    if (bytes.length > Keys.MAX_NAME_BYTES) {
      throw new Refusal(
          ErrorCode.NAME_TOO_LONG,
          "A name of "
              + bytes.length
              + " bytes is too long: at most "
              + Keys.MAX_NAME_BYTES
              + " are possible");
    }
    if (!new String(bytes, UTF_8).equals(name)) {
      throw new Refusal(ErrorCode.INVALID, "A name must be valid Unicode text");
    }
  }

  static Policy policy(String text) {
    try {
      return Policies.of(text);
    } catch (IllegalArgumentException e) {
      throw new Refusal(ErrorCode.INVALID, String.valueOf(e.getMessage()));
    }
  }

  /**
   * Policy of a new file in this directory (0: no directory): the one asked for, else that of the
   * nearest directory that has one, else the cluster's.
   */
  static Policy policyFor(Tables t, long directory, String asked) {
    if (!asked.isEmpty()) {
      return policy(asked);
    }
    for (long d = directory; d != 0; ) {
      InodeRow row = directory(t, d);
      if (!row.attr().policy().isEmpty()) {
        return policy(row.attr().policy());
      }
      d = row.parent();
    }
    String text = t.cluster().policy();
    if (text.isEmpty()) {
      throw new Refusal(ErrorCode.RETRY, "The cluster is not set up yet");
    }
    return policy(text);
  }

  /** One path of an inode, for messages. */
  static String path(Tables t, long inode) {
    if (inode == Attr.ROOT) {
      return "/";
    }
    Deque<String> names = new ArrayDeque<>();
    for (long i = inode; i != Attr.ROOT; ) {
      InodeRow row = t.inode(i);
      if (row == null) {
        return "inode " + inode;
      }
      if (row.parent() == 0) {
        return "(staged)";
      }
      names.push(row.name());
      if (names.size() > SHOWN_NAMES) {
        return "..." + "/" + String.join("/", names);
      }
      i = row.parent();
    }
    return "/" + String.join("/", names);
  }

  static String path(Tables t, long parent, String name) {
    String p = path(t, parent);
    return p.equals("/") ? "/" + name : p + "/" + name;
  }

  /** Whether directory {@code inode} is {@code ancestor} or below it. */
  static boolean isWithin(Tables t, long inode, long ancestor) {
    for (long i = inode; i != 0; ) {
      if (i == ancestor) {
        return true;
      }
      InodeRow row = t.inode(i);
      i = row == null ? 0 : row.parent();
    }
    return false;
  }

  static Attr fresh(
      long inode,
      FileType type,
      int mode,
      int uid,
      int gid,
      int links,
      long size,
      String policy,
      long nowNs) {
    return new Attr(
        inode, type, mode & 07777, uid, gid, links, size, 0, nowNs, nowNs, nowNs, policy);
  }

  /** Attributes after a change of content. */
  static Attr content(Attr a, long size, long modifiedNs, long nowNs) {
    return new Attr(
        a.inode(),
        a.type(),
        a.mode(),
        a.uid(),
        a.gid(),
        a.links(),
        size,
        a.version() + 1,
        a.accessedNs(),
        modifiedNs == 0 ? nowNs : modifiedNs,
        nowNs,
        a.policy());
  }

  /** Attributes after a change of the names that lead here. */
  static Attr links(Attr a, int links, long nowNs) {
    return new Attr(
        a.inode(),
        a.type(),
        a.mode(),
        a.uid(),
        a.gid(),
        links,
        a.size(),
        a.version(),
        a.accessedNs(),
        a.modifiedNs(),
        nowNs,
        a.policy());
  }

  /** Attributes of a directory after a change of its entries. */
  static Attr entries(Attr a, int entries, int links, long nowNs) {
    return new Attr(
        a.inode(),
        a.type(),
        a.mode(),
        a.uid(),
        a.gid(),
        a.links() + links,
        a.size() + entries,
        a.version() + 1,
        a.accessedNs(),
        nowNs,
        nowNs,
        a.policy());
  }

  static Attr policy(Attr a, String policy, long nowNs) {
    return new Attr(
        a.inode(),
        a.type(),
        a.mode(),
        a.uid(),
        a.gid(),
        a.links(),
        a.size(),
        a.version(),
        a.accessedNs(),
        a.modifiedNs(),
        nowNs,
        policy);
  }

  static byte[] xattrKey(long inode, String name) {
    return Table.XATTRS.key(inode, name);
  }
}
