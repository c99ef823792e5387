package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.RealWorld;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.ClusterStatus;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import dev.ashlar.protocol.rpc.Role;
import dev.ashlar.protocol.rpc.RpcSender;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * A cluster as a file system. Thread-safe; every call blocks its own thread (virtual ones are
 * welcome) and has a deadline. Files and directories are named by inode; {@link #resolve} turns a
 * path into one. The root directory is {@link Attr#ROOT}.
 */
public final class AshlarFileSystem implements AutoCloseable {
  private static final Duration KEEP_ALIVE = Duration.ofSeconds(3);

  /** How often a path is looked up whose file is replaced before it can be opened. */
  private static final int MOST_LOOKUPS = 3;

  private final ClientServices services;
  private final ClientConfig config;
  private final MasterClient masters;
  private final Packer packer;

  private AshlarFileSystem(ClientServices services) {
    this.services = services;
    this.config = services.config();
    this.masters = services.masters();
    this.packer = new Packer(services);
  }

  /**
   * A client of the cluster. Nothing is sent yet: a wrong address shows with the first operation.
   */
  public static AshlarFileSystem connect(ClientConfig config) throws AshlarException {
    return connect(
        config,
        RealWorld.INSTANCE,
        hostName(),
        new RpcTransport("client-to-master", Role.MASTER),
        new RpcTransport("client-to-chunk-server", Role.CHUNK_SERVER));
  }

  /** With another network, which its owner closes, in another world. */
  public static AshlarFileSystem connect(
      ClientConfig config, World world, RpcSender toMasters, RpcSender toServers)
      throws AshlarException {
    return connect(
        config, world, "client", new RpcTransport(toMasters), new RpcTransport(toServers));
  }

  /** With transports that the file system closes. */
  private static AshlarFileSystem connect(
      ClientConfig config, World world, String host, Transport toMasters, Transport toServers)
      throws AshlarException {
    MasterClient masters =
        new MasterClient(
            world,
            toMasters,
            new MasterRing(config.candidates()),
            config.masterDeadline(),
            config.masterTry(),
            host);
    return new AshlarFileSystem(
        new ClientServices(
            config,
            world,
            masters,
            toServers,
            new PiecePool(config.memoryBytes()),
            new MemoryBudget(config.memoryBytes()),
            new Codes(),
            new ServerHealth(world::nanoTime),
            new ServerHealth(world::nanoTime),
            new HedgeBudget(config.hedgeShare()),
            new KeepAlive(world, masters, KEEP_ALIVE),
            new ClientStats()));
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "unknown";
    }
  }

  // Names.

  /** Walks an absolute path, following symbolic links, the last one too. */
  public MasterReply.Resolved resolve(String path) throws AshlarException {
    return resolve(path, true);
  }

  public MasterReply.Resolved resolve(String path, boolean followLast) throws AshlarException {
    return masters.query(new MasterRequest.Resolve(path, followLast), MasterReply.Resolved.class);
  }

  public Attr lookup(long parent, String name) throws AshlarException {
    return masters
        .query(new MasterRequest.Lookup(parent, name), MasterReply.AttrReply.class)
        .attr();
  }

  public Attr mkdir(long parent, String name, int mode) throws AshlarException {
    return change(new Command.Mkdir(parent, name, mode, config.uid(), config.gid()));
  }

  /**
   * Makes a directory and those above it that are missing. What exists and is a directory is fine.
   */
  public Attr mkdirs(String path, int mode) throws AshlarException {
    Deque<String> missing = new ArrayDeque<>();
    String known = Paths.normalize(path);
    while (true) {
      try {
        Attr attr = resolve(known).attr();
        if (!attr.isDirectory()) {
          throw new AshlarException(
              ErrorCode.NOT_DIRECTORY, known + " is not a directory: " + path + " cannot be made");
        }
        return mkdirs(attr, missing, mode);
      } catch (AshlarException e) {
        if (e.code() != ErrorCode.NOT_FOUND || known.equals("/")) {
          throw e;
        }
        missing.push(Paths.name(known));
        known = Paths.parent(known);
      }
    }
  }

  private Attr mkdirs(Attr existing, Deque<String> names, int mode) throws AshlarException {
    Attr at = existing;
    for (String name : names) {
      try {
        at = mkdir(at.inode(), name, mode);
      } catch (AshlarException e) {
        if (e.code() != ErrorCode.EXISTS) {
          throw e;
        }
        at = lookup(at.inode(), name); // somebody else was faster
        if (!at.isDirectory()) {
          throw e;
        }
      }
    }
    return at;
  }

  public void unlink(long parent, String name) throws AshlarException {
    run(new Command.Unlink(parent, name));
  }

  public void rmdir(long parent, String name) throws AshlarException {
    run(new Command.Rmdir(parent, name));
  }

  /**
   * Gives a name to another place, at once.
   *
   * @param noReplace fail with EXISTS instead of replacing
   * @param exchange swap the two
   */
  public void rename(
      long parent, String name, long newParent, String newName, boolean noReplace, boolean exchange)
      throws AshlarException {
    run(new Command.Rename(parent, name, newParent, newName, noReplace, exchange));
  }

  public Attr symlink(long parent, String name, String target) throws AshlarException {
    return change(new Command.Symlink(parent, name, target, config.uid(), config.gid()));
  }

  public String readlink(long inode) throws AshlarException {
    return masters.query(new MasterRequest.ReadLink(inode), MasterReply.Text.class).text();
  }

  /** Another name for a file. */
  public Attr link(long inode, long parent, String name) throws AshlarException {
    return change(new Command.HardLink(inode, parent, name));
  }

  /**
   * One page of a directory in byte order of the names, after {@code after} (empty for the start),
   * at most {@code limit} entries (up to 10,000).
   */
  public MasterReply.Entries readdir(long inode, String after, int limit) throws AshlarException {
    return masters.query(new MasterRequest.ReadDir(inode, after, limit), MasterReply.Entries.class);
  }

  /**
   * All entries of a directory, fetched page by page; {@code hasNext} throws UncheckedIOException.
   */
  public Iterator<MasterReply.Entry> list(long inode) {
    return new PagedIterator<>(
        after -> readdir(inode, after == null ? "" : after.name(), PagedIterator.PAGE),
        MasterReply.Entries::entries,
        MasterReply.Entries::more);
  }

  /** {@link #list} as a stream. */
  public Stream<MasterReply.Entry> stream(long inode) {
    return StreamSupport.stream(
        Spliterators.spliteratorUnknownSize(list(inode), Spliterator.ORDERED | Spliterator.NONNULL),
        false);
  }

  // Content.

  /** A new file that nobody sees before its commit. */
  public FileWriter stage(long parent, String name, StageOptions options) throws AshlarException {
    return config.packBytes() == 0 || options.expectedSize() > config.packBytes()
        ? StagedWriter.start(services, parent, name, options)
        : new SmallWriter(services, packer, parent, name, options);
  }

  /** The present version of a file's content. */
  public FileReader reader(long inode) throws AshlarException {
    return StripedReader.open(services, "file " + inode, inode);
  }

  /** The present version of the content of the file at {@code path}, which messages will name. */
  public FileReader reader(String path) throws AshlarException {
    return reader(path, true);
  }

  /**
   * The same, which may refuse a symbolic link as the last name. A file that replaces another never
   * leaves its name without one: NOT_FOUND says that there was no such name.
   */
  public FileReader reader(String path, boolean followLast) throws AshlarException {
    for (int lookups = 1; ; lookups++) {
      long inode = resolve(path, followLast).attr().inode();
      try {
        return StripedReader.open(services, path, inode);
      } catch (AshlarException e) {
        if (e.code() != ErrorCode.NOT_FOUND || lookups == MOST_LOOKUPS) {
          throw e;
        }
      }
    }
  }

  /**
   * Makes an empty file, visible at once, and opens it for writing.
   *
   * @param exclusive fail with EXISTS if it is there
   * @param policy text form, empty for the directory's
   */
  public FileHandle create(long parent, String name, int mode, boolean exclusive, String policy)
      throws AshlarException {
    Command.Create command =
        new Command.Create(parent, name, mode, config.uid(), config.gid(), exclusive, policy);
    return FileHandle.writing(
        services, OpenMode.WRITE, masters.submit(command, MasterReply.Opened.class));
  }

  /**
   * Opens a file; to write, its lease is taken (LEASE_LOST if somebody else has it). Release the
   * handle when done.
   */
  public FileHandle open(long inode, OpenMode mode) throws AshlarException {
    if (mode == OpenMode.READ) {
      return FileHandle.reading(services, inode);
    }
    return FileHandle.writing(
        services, mode, masters.submit(new Command.AcquireLease(inode), MasterReply.Opened.class));
  }

  /**
   * Reads the version that was committed when the handle was opened, or a later one; through a
   * handle for writing what was written through it, too.
   *
   * @return bytes read, -1 at the end
   */
  public int read(FileHandle handle, long offset, ByteBuffer target) throws AshlarException {
    return handle.read(offset, target);
  }

  /**
   * Takes all remaining bytes, to be written at the end of the file; others see them after {@link
   * #fsync} or {@link #release}. Returns the bytes taken.
   */
  public int append(FileHandle handle, ByteBuffer source) throws AshlarException {
    return handle.append(source);
  }

  /**
   * {@link #append}, if {@code offset} is the end of the file; this version writes nowhere else
   * (INVALID).
   */
  public int write(FileHandle handle, long offset, ByteBuffer source) throws AshlarException {
    return handle.write(offset, source);
  }

  /** Has what was written received by its servers; in this version the same as {@link #fsync}. */
  public void flush(FileHandle handle) throws AshlarException {
    var _ = handle.fsync();
  }

  /** Makes everything written so far durable and visible. */
  public Attr fsync(FileHandle handle) throws AshlarException {
    return handle.fsync();
  }

  /** {@link #fsync}, then gives the lease back. The handle is closed even if this fails. */
  public void release(FileHandle handle) throws AshlarException {
    handle.release();
  }

  /** Cuts a file, or extends it with zeros. Nobody may have it open for writing. */
  public Attr truncate(long inode, long size) throws AshlarException {
    return change(new Command.Truncate(inode, 0, size, services.world().wallNs()));
  }

  /**
   * Cuts or extends the file that the handle has open for writing, after what was written before
   * was published.
   */
  public Attr truncate(FileHandle handle, long size) throws AshlarException {
    return handle.truncate(size);
  }

  // Attributes.

  public Attr getattr(long inode) throws AshlarException {
    return masters.query(new MasterRequest.GetAttr(inode), MasterReply.AttrReply.class).attr();
  }

  public Attr setattr(long inode, AttrChange change) throws AshlarException {
    return change(
        new Command.SetAttr(
            inode,
            change.mask(),
            change.mode(),
            change.uid(),
            change.gid(),
            change.accessedNs(),
            change.modifiedNs()));
  }

  public byte[] getxattr(long inode, String name) throws AshlarException {
    return masters.query(new MasterRequest.GetXattr(inode, name), MasterReply.Bytes.class).bytes();
  }

  /**
   * Sets an extended attribute.
   *
   * @param create fail with EXISTS if it is there
   * @param replace fail with NO_ATTRIBUTE if it is not
   */
  public void setxattr(long inode, String name, byte[] value, boolean create, boolean replace)
      throws AshlarException {
    run(new Command.SetXattr(inode, name, value, create, replace));
  }

  public List<String> listxattrs(long inode) throws AshlarException {
    return masters.query(new MasterRequest.ListXattrs(inode), MasterReply.Names.class).names();
  }

  public void removexattr(long inode, String name) throws AshlarException {
    run(new Command.RemoveXattr(inode, name));
  }

  // The cluster.

  public MasterReply.Space statfs() throws AshlarException {
    return masters.query(new MasterRequest.StatFs(), MasterReply.Space.class);
  }

  public ClusterStatus status() throws AshlarException {
    ClusterStatus seen = ownStatus();
    if (!seen.leader().equals(seen.answeredBy())) {
      for (ClusterStatus.Master master : seen.masters()) {
        if (master.leader() && !master.clientAddress().isEmpty()) {
          masters.leads(master.clientAddress());
          return ownStatus();
        }
      }
    }
    return seen;
  }

  /** What the master that happens to answer knows: only the leader knows the servers. */
  private ClusterStatus ownStatus() throws AshlarException {
    return masters.query(new MasterRequest.GetStatus(), MasterReply.StatusReply.class).status();
  }

  /**
   * Runs an action of administration, see {@link MasterRequest.Administer}; returns what the leader
   * says about it.
   */
  public String administer(String action, List<String> arguments) throws AshlarException {
    return masters
        .query(new MasterRequest.Administer(action, arguments), MasterReply.Text.class)
        .text();
  }

  ClientServices services() {
    return services;
  }

  /** One page of files with their chunks, for fsck. */
  public MasterReply.Files scanFiles(MasterRequest.ScanFiles asked) throws AshlarException {
    return masters.query(asked, MasterReply.Files.class);
  }

  /** Tells the masters that a block cannot be read: they have it checked and rebuilt. */
  public void reportBad(BlockKey block, long disk, String reason) throws AshlarException {
    masters.query(new MasterRequest.ReportBad(block, disk, reason), MasterReply.Done.class);
  }

  /** Read token for the blocks of all chunks: for fsck. */
  public BlockToken readAllToken() throws AshlarException {
    return masters.query(new MasterRequest.GetToken(), MasterReply.TokenReply.class).token();
  }

  /** Why these blocks may be on this disk, one answer each, at most 1,000: for fsck. */
  public List<MasterReply.BlockFate> explainBlocks(long disk, List<MasterRequest.BlockEntry> blocks)
      throws AshlarException {
    return masters
        .query(new MasterRequest.ExplainBlocks(disk, blocks), MasterReply.Explained.class)
        .fates();
  }

  private Attr change(Command command) throws AshlarException {
    return masters.submit(command, MasterReply.AttrReply.class).attr();
  }

  private void run(Command command) throws AshlarException {
    masters.submit(command, MasterReply.Done.class);
  }

  /** What happened so far in this client. */
  public ClientStats stats() {
    return services.stats();
  }

  /** Bytes of memory that transfers hold at present: for tests and gauges. */
  long heldBytes() {
    return services.pool().held() + services.readAhead().used();
  }

  /** Closes the session: leases are given back, what was not committed is dropped. */
  @Override
  public void close() {
    services.keepAlive().close();
    masters.close();
    services.blocks().close();
  }
}
