package dev.ashlar.master.state;

import dev.ashlar.master.state.Rows.SliceRow;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.FileType;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A file system in maps, written as plainly as can be, to judge the state machine by. Null as an
 * answer means success.
 */
final class NaiveFs {
  static final class Node {
    final FileType type;
    final TreeMap<String, Long> entries = new TreeMap<>();

    /** Valid length of each committed chunk. */
    final TreeMap<Integer, Long> chunks = new TreeMap<>();

    /** Chunk and version of each staged one. */
    final TreeMap<Integer, String> staged = new TreeMap<>();

    /** Where its first bytes are, if in a pack. */
    @Nullable SliceRow slice;

    final TreeMap<String, String> xattrs = new TreeMap<>();
    long size;
    boolean changed;
    long client;
    long epoch;

    Node(FileType type) {
      this.type = type;
    }

    boolean directory() {
      return type == FileType.DIRECTORY;
    }
  }

  final Map<Long, Node> nodes = new HashMap<>();
  private final long chunkBytes;

  NaiveFs(long chunkBytes) {
    this.chunkBytes = chunkBytes;
    nodes.put(1L, new Node(FileType.DIRECTORY));
  }

  Node node(long inode) {
    return Objects.requireNonNull(nodes.get(inode));
  }

  @Nullable Node at(long parent, String name) {
    Node p = nodes.get(parent);
    Long inode = p == null ? null : p.entries.get(name);
    return inode == null ? null : nodes.get(inode);
  }

  int names(long inode) {
    return (int)
        nodes.values().stream()
            .flatMap(n -> n.entries.values().stream())
            .filter(i -> i == inode)
            .count();
  }

  private boolean within(long inode, long ancestor) {
    if (inode == ancestor) {
      return true;
    }
    return node(ancestor).entries.values().stream()
        .anyMatch(c -> node(c).directory() && within(inode, c));
  }

  @Nullable ErrorCode dir(long inode) {
    Node n = nodes.get(inode);
    return n == null ? ErrorCode.NOT_FOUND : n.directory() ? null : ErrorCode.NOT_DIRECTORY;
  }

  @Nullable ErrorCode free(long parent, String name) {
    ErrorCode e = dir(parent);
    return e != null ? e : at(parent, name) != null ? ErrorCode.EXISTS : null;
  }

  void add(long parent, String name, long inode, FileType type) {
    nodes.put(inode, new Node(type));
    node(parent).entries.put(name, inode);
  }

  @Nullable ErrorCode unlink(long parent, String name) {
    ErrorCode e = dir(parent);
    Node n = at(parent, name);
    if (e == null) {
      e = n == null ? ErrorCode.NOT_FOUND : n.directory() ? ErrorCode.IS_DIRECTORY : null;
    }
    if (e == null) {
      take(parent, name);
    }
    return e;
  }

  private void take(long parent, String name) {
    long inode = Objects.requireNonNull(node(parent).entries.remove(name));
    if (names(inode) == 0) {
      nodes.remove(inode);
    }
  }

  @Nullable ErrorCode rmdir(long parent, String name) {
    ErrorCode e = dir(parent);
    Node n = at(parent, name);
    if (e == null) {
      e =
          n == null
              ? ErrorCode.NOT_FOUND
              : !n.directory()
                  ? ErrorCode.NOT_DIRECTORY
                  : !n.entries.isEmpty() ? ErrorCode.NOT_EMPTY : null;
    }
    if (e == null) {
      take(parent, name);
    }
    return e;
  }

  @Nullable ErrorCode rename(
      long parent,
      String name,
      long newParent,
      String newName,
      boolean noReplace,
      boolean exchange) {
    if (noReplace && exchange) {
      return ErrorCode.INVALID;
    }
    ErrorCode e = dir(parent);
    Node from = at(parent, name);
    if (e != null || from == null) {
      return e != null ? e : ErrorCode.NOT_FOUND;
    }
    e = dir(newParent);
    if (e != null) {
      return e;
    }
    long source = Objects.requireNonNull(node(parent).entries.get(name));
    if (from.directory() && within(newParent, source)) {
      return ErrorCode.INVALID;
    }
    Node onto = at(newParent, newName);
    Long target = node(newParent).entries.get(newName);
    if (exchange) {
      if (onto == null || target == null) {
        return ErrorCode.NOT_FOUND;
      }
      if (onto.directory() && within(parent, target)) {
        return ErrorCode.INVALID;
      }
      node(parent).entries.put(name, target);
      node(newParent).entries.put(newName, source);
      return null;
    }
    if (onto != null && target != null) {
      if (noReplace) {
        return ErrorCode.EXISTS;
      }
      if (target == source) {
        return null;
      }
      if (from.directory() != onto.directory()) {
        return from.directory() ? ErrorCode.NOT_DIRECTORY : ErrorCode.IS_DIRECTORY;
      }
      if (!onto.entries.isEmpty()) {
        return ErrorCode.NOT_EMPTY;
      }
      take(newParent, newName);
    }
    node(parent).entries.remove(name);
    node(newParent).entries.put(newName, source);
    return null;
  }

  @Nullable ErrorCode hardLink(long inode, long parent, String name) {
    Node n = nodes.get(inode);
    if (n == null) {
      return ErrorCode.NOT_FOUND;
    }
    if (n.directory()) {
      return ErrorCode.PERMISSION;
    }
    if (names(inode) == 0) {
      return ErrorCode.NOT_FOUND;
    }
    ErrorCode e = free(parent, name);
    if (e == null) {
      node(parent).entries.put(name, inode);
    }
    return e;
  }

  @Nullable ErrorCode file(long inode) {
    Node n = nodes.get(inode);
    if (n == null) {
      return ErrorCode.NOT_FOUND;
    }
    return switch (n.type) {
      case FILE -> null;
      case DIRECTORY -> ErrorCode.IS_DIRECTORY;
      case SYMLINK, PACK -> ErrorCode.INVALID;
    };
  }

  @Nullable ErrorCode leased(long inode, long epoch, long client) {
    Node n = nodes.get(inode);
    return n == null || n.epoch != epoch || n.client != client || epoch == 0
        ? ErrorCode.LEASE_LOST
        : null;
  }

  void lease(long inode, long epoch, long client) {
    node(inode).epoch = epoch;
    node(inode).client = client;
  }

  void close(long inode) {
    Node n = node(inode);
    n.epoch = 0;
    n.client = 0;
    n.staged.clear();
    if (names(inode) == 0) {
      nodes.remove(inode);
    }
  }

  void closeClient(long client) {
    for (long inode : nodes.keySet().stream().sorted().toList()) {
      if (node(inode).epoch != 0 && node(inode).client == client) {
        close(inode);
      }
    }
  }

  void resize(Node n, long size) {
    n.changed = true;
    if (size < n.size) {
      n.staged.keySet().removeIf(i -> i >= size / chunkBytes);
      n.chunks.keySet().removeIf(i -> i * chunkBytes >= size);
      n.chunks.replaceAll((i, length) -> Math.min(length, size - i * chunkBytes));
      SliceRow slice = n.slice;
      if (slice != null && slice.length() > size) {
        n.slice = size == 0 ? null : new SliceRow(slice.pack(), slice.offset(), size);
      }
    }
    n.size = size;
  }

  /** Packs without files are gone. */
  void dropEmptyPacks() {
    nodes
        .entrySet()
        .removeIf(e ->
            e.getValue().type == FileType.PACK
                && nodes.values().stream()
                    .allMatch(n -> n.slice == null || n.slice.pack() != e.getKey()));
  }

  /** Why a staged file cannot get this name. */
  @Nullable ErrorCode linkable(long parent, String name, boolean replace) {
    ErrorCode e = dir(parent);
    Node there = at(parent, name);
    if (e == null && there != null) {
      e = !replace ? ErrorCode.EXISTS : there.directory() ? ErrorCode.IS_DIRECTORY : null;
    }
    return e;
  }

  /** Takes the place of what has the name. */
  void replace(long parent, String name, long inode) {
    if (at(parent, name) != null) {
      take(parent, name);
    }
    node(parent).entries.put(name, inode);
  }
}
