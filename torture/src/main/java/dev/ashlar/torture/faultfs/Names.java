package dev.ashlar.torture.faultfs;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The tree of names and the nodes that the kernel knows, from one mount to the next. Thread-safe:
 * its monitor guards the tree and the journal.
 */
final class Names {
  static final long ROOT = 1;

  private final Path lower;
  private final Path shadow;
  private final Recorder recorder;
  private final Journal journal = new Journal();
  private final Map<Long, Node> nodes = new HashMap<>();
  private long nextNode = ROOT;
  private long nextShadow;

  /**
   * @param shadow an empty directory on the same file system, for removed files that a power cut
   *     may bring back
   */
  Names(Path lower, Path shadow, Recorder recorder) {
    this.lower = lower;
    this.shadow = shadow;
    this.recorder = recorder;
    add(null, "", Libc.stat(lower));
  }

  private Node add(@Nullable Node parent, String name, FileStat stat) {
    Node node = new Node(nextNode++, stat.ino(), stat.directory(), parent, name);
    node.allocated = stat.size();
    nodes.put(node.id, node);
    if (parent != null) {
      parent.children.put(name, node);
    }
    return node;
  }

  synchronized Node node(long id) {
    Node node = nodes.get(id);
    if (node == null) {
      throw new Errno(Errno.ESTALE, "node " + id);
    }
    return node;
  }

  synchronized List<Node> files() {
    return nodes.values().stream().filter(n -> !n.directory).toList();
  }

  /** Where it is in the lower directory. */
  synchronized Path path(Node node) {
    Path removed = node.shadow;
    if (removed != null) {
      return removed;
    }
    return node.parent == null ? lower : path(node.parent).resolve(node.name);
  }

  /** Relative to the root; a removed file keeps its last one. */
  synchronized String relative(Node node) {
    if (node.parent == null) {
      return "";
    }
    String above = relative(node.parent);
    return above.isEmpty() ? node.name : above + "/" + node.name;
  }

  private String relative(Node parent, String name) {
    String above = relative(parent);
    return above.isEmpty() ? name : above + "/" + name;
  }

  /** The node of a relative path if the kernel knows it. */
  synchronized @Nullable Node known(String relative) {
    Node node = nodes.get(ROOT);
    for (String name : relative.split("/", -1)) {
      node = node == null ? null : node.children.get(name);
    }
    return node;
  }

  /** The kernel knows it once more. */
  synchronized Node lookup(Node parent, String name) {
    Node node = parent.children.get(name);
    if (node == null) {
      node = add(parent, name, Libc.stat(path(parent).resolve(name)));
    }
    node.lookups++;
    return node;
  }

  synchronized void forget(long id, long count) {
    Node node = nodes.get(id);
    if (node == null || id == ROOT) {
      return;
    }
    node.lookups -= count;
    synchronized (node) {
      if (node.lookups <= 0 && node.unsynced.isClean() && node.children.isEmpty()) {
        drop(node);
      }
    }
  }

  private void drop(Node node) {
    nodes.remove(node.id);
    Node parent = node.parent;
    if (parent != null) {
      parent.children.remove(node.name, node);
    }
  }

  /** A new empty file, open: the caller has one opening of it. */
  synchronized Node create(Node parent, String name, int mode) {
    Path path = path(parent).resolve(name);
    int fd = Libc.open(path, Libc.O_RDWR | Libc.O_CREAT | Libc.O_EXCL, mode);
    Node node = add(parent, name, Libc.stat(fd));
    synchronized (node) {
      node.fd = fd;
      node.opens = 1;
      node.unsynced.beforeResize(0, System.nanoTime());
    }
    node.lookups++;
    journal.created(path);
    recorder.created(node.ino, relative(node));
    return node;
  }

  synchronized Node makeDirectory(Node parent, String name, int mode) {
    Path path = path(parent).resolve(name);
    Libc.mkdir(path, mode);
    journal.madeDirectory(path);
    String relative = relative(parent, name);
    recorder.add(() -> new Op.MakeDirectory(relative));
    return lookup(parent, name);
  }

  synchronized void remove(Node parent, String name) {
    Path path = path(parent).resolve(name);
    if (Libc.stat(path).directory()) {
      throw new Errno(21, "unlink of a directory"); // EISDIR
    }
    journal.removed(path, hide(parent, name, path));
    String relative = relative(parent, name);
    recorder.add(() -> new Op.Remove(relative));
  }

  /** Moves a file out of the tree, where it waits for the change to be durable. */
  private Path hide(Node parent, String name, Path path) {
    Path hidden = shadow.resolve(Long.toString(nextShadow++));
    Libc.rename(path, hidden);
    Node node = parent.children.remove(name);
    if (node != null) {
      node.shadow = hidden;
    }
    return hidden;
  }

  synchronized void removeDirectory(Node parent, String name) {
    Path path = path(parent).resolve(name);
    int mode = Libc.stat(path).mode() & 07777;
    Libc.rmdir(path);
    Node node = parent.children.remove(name);
    if (node != null) {
      node.shadow = path;
    }
    journal.removedDirectory(path, mode);
    String relative = relative(parent, name);
    recorder.add(() -> new Op.RemoveDirectory(relative));
  }

  synchronized void rename(Node parent, String name, Node newParent, String newName) {
    Path from = path(parent).resolve(name);
    Path to = path(newParent).resolve(newName);
    FileStat moved = Libc.stat(from);
    Path replaced = null;
    if (!from.equals(to) && exists(to)) {
      if (moved.directory() || Libc.stat(to).directory()) {
        throw new Errno(Errno.EEXIST, "rename over or of a directory"); // rename(2) may say so
      }
      replaced = hide(newParent, newName, to);
    }
    Libc.rename(from, to);
    String oldRelative = relative(parent, name);
    String newRelative = relative(newParent, newName);
    Node node = parent.children.remove(name);
    if (node != null) {
      node.parent = newParent;
      node.name = newName;
      newParent.children.put(newName, node);
    }
    journal.renamed(from, to, replaced);
    recorder.add(() -> new Op.Rename(oldRelative, newRelative));
  }

  private static boolean exists(Path path) {
    try {
      Libc.stat(path);
      return true;
    } catch (Errno e) {
      if (e.number() == Errno.ENOENT) {
        return false;
      }
      throw e;
    }
  }

  /** All changes of names so far are durable. */
  synchronized void commit() {
    journal.commit();
  }

  /**
   * After a power cut, when no request can come any more: loses what was not synced, and forgets
   * all nodes.
   */
  synchronized void powerCut(PowerCut how, RandomGenerator random, long writtenBack) {
    for (Node node : inOrder(nodes.values())) {
      synchronized (node) {
        if (!node.directory && !node.unsynced.isClean() && exists(path(node))) {
          int fd = Libc.open(path(node), Libc.O_RDWR, 0);
          node.unsynced.powerCut(fd, how, random, writtenBack);
          Libc.close(fd);
        }
        close(node);
      }
    }
    journal.powerCut(how, random, writtenBack);
    nodes.clear();
    nextNode = ROOT;
    add(null, "", Libc.stat(lower));
  }

  /** The same order each time, for the same seed to do the same. */
  private static List<Node> inOrder(Collection<Node> nodes) {
    List<Node> list = new ArrayList<>(nodes);
    list.sort((a, b) -> Long.compare(a.id, b.id));
    return list;
  }

  private static void close(Node node) {
    if (node.fd != Node.NOT_OPEN) {
      Libc.close(node.fd);
      node.fd = Node.NOT_OPEN;
      node.opens = 0;
    }
  }

  /** Everything is durable; closes all files. */
  synchronized void close() {
    journal.commit();
    for (Node node : nodes.values()) {
      synchronized (node) {
        close(node);
      }
    }
    nodes.clear();
  }
}
