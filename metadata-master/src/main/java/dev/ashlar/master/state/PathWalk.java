package dev.ashlar.master.state;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ashlar.master.state.Rows.EntryRow;
import dev.ashlar.master.state.Rows.InodeRow;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterReply;
import java.util.ArrayDeque;
import java.util.Deque;

/** Walks one absolute path as POSIX does, over "." and ".." and symbolic links. */
final class PathWalk {
  /** Links followed before a loop is suspected, as on Linux. */
  private static final int MAX_LINKS = 40;

  private static final int MAX_PATH_BYTES = 64 << 10;

  private final Tables t;
  private final String path;
  private final boolean followLast;
  private final Deque<String> rest = new ArrayDeque<>();
  private InodeRow here;
  private long parent;
  private String name = "";
  private int links;

  PathWalk(Tables t, String path, boolean followLast) {
    this.t = t;
    this.path = path;
    this.followLast = followLast;
    if (!path.startsWith("/")) {
      throw new Refusal(ErrorCode.INVALID, "'" + path + "': a path must start with '/'");
    }
    if (path.getBytes(UTF_8).length > MAX_PATH_BYTES) {
      throw new Refusal(
          ErrorCode.NAME_TOO_LONG, "A path of more than " + MAX_PATH_BYTES + " bytes is too long");
    }
    here = Inodes.existing(t, Attr.ROOT);
  }

  MasterReply.Resolved walk() {
    push(path);
    while (!rest.isEmpty()) {
      step(rest.pop());
    }
    return new MasterReply.Resolved(here.attr(), parent, name);
  }

  /**
   * A slash at the end asks for a directory: it stands as one more ".", which only a directory has.
   */
  private void push(String text) {
    if (text.endsWith("/")) {
      rest.push(".");
    }
    int end = text.length();
    while (end > 0) {
      int slash = text.lastIndexOf('/', end - 1);
      if (slash + 1 < end) {
        rest.push(text.substring(slash + 1, end));
      }
      end = slash;
    }
  }

  private void step(String part) {
    if (!here.attr().isDirectory()) {
      throw new Refusal(ErrorCode.NOT_DIRECTORY, path + ": not a directory");
    }
    switch (part) {
      case "." -> {}
      case ".." -> up();
      default -> down(part);
    }
  }

  private void up() {
    if (here.parent() != 0) {
      here = Inodes.existing(t, here.parent());
      parent = here.parent();
      name = here.name();
    }
  }

  private void down(String part) {
    Inodes.validName(part);
    EntryRow entry = t.entry(here.attr().inode(), part);
    if (entry == null) {
      throw new Refusal(ErrorCode.NOT_FOUND, path + ": no such file or directory");
    }
    InodeRow next = Inodes.existing(t, entry.inode());
    if (entry.type() == FileType.SYMLINK && (followLast || !rest.isEmpty())) {
      follow(next.target());
    } else {
      parent = here.attr().inode();
      name = part;
      here = next;
    }
  }

  private void follow(String target) {
    if (++links > MAX_LINKS) {
      throw new Refusal(ErrorCode.INVALID, path + ": too many levels of symbolic links");
    }
    if (target.startsWith("/")) {
      here = Inodes.existing(t, Attr.ROOT);
      parent = 0;
      name = "";
    }
    push(target);
  }
}
