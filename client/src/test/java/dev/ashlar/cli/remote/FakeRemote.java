package dev.ashlar.cli.remote;

import dev.ashlar.client.AttrChange;
import dev.ashlar.client.FileReader;
import dev.ashlar.client.FileWriter;
import dev.ashlar.client.StageOptions;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterReply;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A file system in memory with the cluster's rules. Thread-safe. A name can be made to fail when it
 * is committed.
 */
public final class FakeRemote implements RemoteFiles {
  private static final int LINK_LIMIT = 40;
  private final Map<Long, Node> nodes = new HashMap<>();
  private final Map<String, AshlarException> failures = new HashMap<>();
  private long next = Attr.ROOT;
  private @Nullable Meanwhile meanwhile;

  /** What somebody else does. */
  @FunctionalInterface
  public interface Meanwhile {
    void run() throws IOException;
  }

  private static final class Node {
    Attr attr;
    byte[] content = {};
    final TreeMap<String, Long> entries = new TreeMap<>();

    Node(Attr attr) {
      this.attr = attr;
    }
  }

  public FakeRemote() {
    make(FileType.DIRECTORY, 0755);
  }

  /** The next commit of this name fails so. */
  public synchronized void failCommit(String name, AshlarException e) {
    failures.put(name, e);
  }

  /** This happens before the next content is opened, after its name was looked up. */
  public synchronized void beforeReading(Meanwhile action) {
    meanwhile = action;
  }

  private Node make(FileType type, int mode) {
    Node n = new Node(new Attr(next, type, mode, 0, 0, 1, 0, 1, 0, 0, 0, ""));
    nodes.put(next++, n);
    return n;
  }

  private Node present(long inode) {
    return Objects.requireNonNull(nodes.get(inode));
  }

  private Node node(long inode) throws AshlarException {
    Node n = nodes.get(inode);
    if (n == null) {
      throw error(ErrorCode.NOT_FOUND, "inode " + inode);
    }
    return n;
  }

  private static AshlarException error(ErrorCode code, String what) {
    return new AshlarException(code, code + ": " + what);
  }

  private Node child(long parent, String name) throws AshlarException {
    Node p = node(parent);
    if (!p.attr.isDirectory()) {
      throw error(ErrorCode.NOT_DIRECTORY, name);
    }
    Long inode = p.entries.get(name);
    if (inode == null) {
      throw error(ErrorCode.NOT_FOUND, name);
    }
    return node(inode);
  }

  @Override
  public synchronized MasterReply.Resolved resolve(String path, boolean followLast)
      throws AshlarException {
    return walk(Attr.ROOT, path, followLast, 0);
  }

  private MasterReply.Resolved walk(long from, String path, boolean followLast, int links)
      throws AshlarException {
    if (links > LINK_LIMIT) {
      throw error(ErrorCode.INVALID, "too many links");
    }
    String[] names =
        Arrays.stream(path.split("/", -1))
            .filter(s -> !s.isEmpty() && !s.equals("."))
            .toArray(String[]::new);
    long at = path.startsWith("/") ? Attr.ROOT : from;
    long parent = 0;
    String last = "";
    for (int i = 0; i < names.length; i++) {
      Node n = child(at, names[i]);
      parent = at;
      last = names[i];
      if (n.attr.type() == FileType.SYMLINK && (i < names.length - 1 || followLast)) {
        MasterReply.Resolved r =
            walk(at, new String(n.content, StandardCharsets.UTF_8), true, links + 1);
        at = r.attr().inode();
        parent = r.parent();
        last = r.name();
      } else {
        at = n.attr.inode();
      }
    }
    return new MasterReply.Resolved(node(at).attr, parent, last);
  }

  @Override
  public synchronized Attr lookup(long parent, String name) throws AshlarException {
    return child(parent, name).attr;
  }

  @Override
  public synchronized Iterator<MasterReply.Entry> list(long directory) {
    Map<String, Long> entries = present(directory).entries;
    return entries.entrySet().stream()
        .map(e -> new MasterReply.Entry(e.getKey(), present(e.getValue()).attr))
        .toList()
        .iterator();
  }

  private Attr add(long parent, String name, Node n) throws AshlarException {
    if (node(parent).entries.putIfAbsent(name, n.attr.inode()) != null) {
      throw error(ErrorCode.EXISTS, name);
    }
    return n.attr;
  }

  @Override
  public synchronized Attr mkdir(long parent, String name, int mode) throws AshlarException {
    return add(parent, name, make(FileType.DIRECTORY, mode));
  }

  @Override
  public synchronized void unlink(long parent, String name) throws AshlarException {
    if (child(parent, name).attr.isDirectory()) {
      throw error(ErrorCode.IS_DIRECTORY, name);
    }
    node(parent).entries.remove(name);
  }

  @Override
  public synchronized void rmdir(long parent, String name) throws AshlarException {
    if (!child(parent, name).entries.isEmpty()) {
      throw error(ErrorCode.NOT_EMPTY, name);
    }
    node(parent).entries.remove(name);
  }

  @Override
  public synchronized void rename(
      long parent, String name, long newParent, String newName, boolean noReplace)
      throws AshlarException {
    Node n = child(parent, name);
    if (noReplace && node(newParent).entries.containsKey(newName)) {
      throw error(ErrorCode.EXISTS, newName);
    }
    node(parent).entries.remove(name);
    node(newParent).entries.put(newName, n.attr.inode());
  }

  @Override
  public synchronized Attr symlink(long parent, String name, String target) throws AshlarException {
    Node n = make(FileType.SYMLINK, 0777);
    n.content = target.getBytes(StandardCharsets.UTF_8);
    return add(parent, name, n);
  }

  @Override
  public synchronized String readlink(long inode) throws AshlarException {
    return new String(node(inode).content, StandardCharsets.UTF_8);
  }

  @Override
  public synchronized Attr setattr(long inode, AttrChange c) throws AshlarException {
    Node n = node(inode);
    Attr a = n.attr;
    int mode = (c.mask() & Command.SetAttr.MODE) != 0 ? c.mode() : a.mode();
    long modified = (c.mask() & Command.SetAttr.MODIFIED) != 0 ? c.modifiedNs() : a.modifiedNs();
    n.attr =
        new Attr(a.inode(), a.type(), mode, 0, 0, 1, a.size(), a.version(), 0, modified, 0, "");
    return n.attr;
  }

  @Override
  public FileWriter stage(long parent, String name, StageOptions options) {
    return new Writer(parent, name, options);
  }

  private synchronized Attr commit(Writer w) throws AshlarException {
    AshlarException failure = failures.remove(w.name);
    if (failure != null) {
      throw failure;
    }
    Long old = node(w.parent).entries.get(w.name);
    if (old != null && node(old).attr.isDirectory()) {
      throw error(ErrorCode.IS_DIRECTORY, w.name);
    }
    Node n = make(FileType.FILE, w.options.mode());
    n.content = w.bytes.toByteArray();
    Attr a = n.attr;
    n.attr =
        new Attr(
            a.inode(),
            a.type(),
            a.mode(),
            0,
            0,
            1,
            n.content.length,
            1,
            0,
            w.options.modifiedNs(),
            0,
            "");
    node(w.parent).entries.put(w.name, a.inode());
    if (old != null) {
      nodes.remove(old);
    }
    return n.attr;
  }

  private final class Writer implements FileWriter {
    private final long parent;
    private final String name;
    private final StageOptions options;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Writer(long parent, String name, StageOptions options) {
      this.parent = parent;
      this.name = name;
      this.options = options;
    }

    @Override
    public int write(ByteBuffer source) {
      int n = source.remaining();
      byte[] some = new byte[n];
      source.get(some);
      bytes.writeBytes(some);
      return n;
    }

    @Override
    public long transferFrom(ReadableByteChannel source, long limit) throws IOException {
      ByteBuffer buffer = ByteBuffer.allocate(1000);
      while (source.read(buffer) >= 0) {
        write(buffer.flip());
        buffer.clear();
      }
      return bytes.size();
    }

    @Override
    public long size() {
      return bytes.size();
    }

    @Override
    public Attr commit() throws AshlarException {
      return FakeRemote.this.commit(this);
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  @Override
  public synchronized FileReader reader(long inode) throws AshlarException {
    Meanwhile action = meanwhile;
    if (action != null) {
      meanwhile = null;
      try {
        action.run();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    Node n = node(inode);
    if (n.attr.type() != FileType.FILE) {
      throw error(ErrorCode.INVALID, "not a file: " + inode);
    }
    return new Reader(n.attr, n.content);
  }

  @Override
  public synchronized FileReader reader(String path, boolean followLast) throws AshlarException {
    return reader(resolve(path, followLast).attr().inode());
  }

  /**
   * @param content may be shorter than the attributes say
   */
  private record Reader(Attr attr, byte[] content) implements FileReader {
    @Override
    public int read(long offset, ByteBuffer target) {
      int n = (int) Math.min(target.remaining(), content.length - offset);
      target.put(content, (int) offset, n);
      return n;
    }

    @Override
    public long transferTo(long offset, long length, WritableByteChannel target)
        throws IOException {
      ByteBuffer rest =
          ByteBuffer.wrap(content, (int) offset, (int) Math.min(length, content.length - offset));
      int n = rest.remaining();
      while (rest.hasRemaining()) {
        target.write(rest);
      }
      return n;
    }

    @Override
    public void close() {}
  }

  /** Takes away a name and what has it. */
  public synchronized void remove(String path) throws AshlarException {
    MasterReply.Resolved r = resolve(path, false);
    unlink(r.parent(), r.name());
    nodes.remove(r.attr().inode());
  }

  /** Content of a file as text, null if there is none of that name. */
  public synchronized @Nullable String text(String path) {
    try {
      return new String(node(resolve(path, true).attr().inode()).content, StandardCharsets.UTF_8);
    } catch (AshlarException e) {
      return null;
    }
  }

  /** Cuts what readers get without changing the attributes, as a broken store might. */
  public synchronized void truncateContent(String path, int length) throws AshlarException {
    Node n = node(resolve(path, true).attr().inode());
    n.content = Arrays.copyOf(n.content, length);
  }
}
