package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.RealWorld;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.message.ChunkReply.BlockInfo;
import dev.ashlar.protocol.message.ChunkReply.Blocks;
import dev.ashlar.protocol.message.ChunkReply.Sealed;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import dev.ashlar.protocol.message.MasterRequest.DiskReport;
import dev.ashlar.protocol.message.MasterRequest.DiskState;
import dev.ashlar.protocol.message.MasterRequest.GroupDigest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A {@link BlockStore} in one data directory: the shell around {@link StoreCore}, with the disk's
 * thread.
 */
public final class DiskStore implements BlockStore {
  private static final Logger LOG = LoggerFactory.getLogger(DiskStore.class);
  private static final long CLOSE_MILLIS = 10_000;

  private final DiskHome directory;
  private final DiskIo io;
  private final StoreState state;
  private final StoreCore core;
  private final StoreReader reader;
  private final DiskOptions options;
  private final DiskQueue queue;
  private final World world;
  private final DiskLoop loop;
  private World.@Nullable Running thread;
  private volatile @Nullable AshlarException failure;
  private final AtomicBoolean closed = new AtomicBoolean();

  private DiskStore(
      DiskHome directory,
      DiskIo io,
      StoreState state,
      StoreCore core,
      DiskOptions options,
      World world) {
    this.world = world;
    this.directory = directory;
    this.io = io;
    this.state = state;
    this.core = core;
    this.reader = new StoreReader(state);
    this.options = options;
    this.queue = new DiskQueue(world, options.queueBytes(), options.queueOperations());
    this.loop = new DiskLoop(this::fail, queue, state, core, world);
  }

  private void start() {
    thread = world.start("disk-" + directory.path().getFileName(), loop);
  }

  /**
   * Opens a data directory, recovering what a crash left; formats it if it is missing or empty.
   *
   * @throws IOException with a sentence for a person if it is in use, foreign, of an unknown format
   *     or unreadable
   */
  public static DiskStore open(Path path, DiskOptions options) throws IOException {
    return open(path, options, RealDiskIo::new);
  }

  /** Where segment files are kept, given their directory. */
  @FunctionalInterface
  interface IoSource {
    DiskIo open(Path directory) throws IOException;
  }

  static DiskStore open(Path path, DiskOptions options, IoSource source) throws IOException {
    return open(DiskDirectory.open(path, source), options, RealWorld.INSTANCE);
  }

  /** As {@link #open(Path, DiskOptions)}, for a home that passes to the store, also on failure. */
  public static DiskStore open(DiskHome directory, DiskOptions options, World world)
      throws IOException {
    try {
      DiskStore store = recovered(directory, options, world);
      store.start();
      return store;
    } catch (IOException e) {
      directory.close();
      throw named(directory, e);
    } catch (RuntimeException e) {
      directory.close();
      throw e;
    }
  }

  /** What the file system says may not even name the disk. */
  private static IOException named(DiskHome directory, IOException e) {
    String path = directory.path().toString();
    return e instanceof AshlarException || String.valueOf(e.getMessage()).contains(path)
        ? e
        : new IOException(
            path
                + " is disk "
                + directory.disk()
                + ", but cannot be opened ("
                + e.getMessage()
                + "): replace the disk, or empty the directory to use it as a new one",
            e);
  }

  private static DiskStore recovered(DiskHome directory, DiskOptions options, World world)
      throws IOException {
    if (directory.prepareIndex()) {
      try {
        return recover(directory, options, world, true);
      } catch (IndexException e) {
        LOG.warn(
            "Disk {} at {}: building the index anew from the log: {}",
            directory.disk(),
            directory.path(),
            e.getMessage());
        directory.resetIndex();
      }
    }
    return recover(directory, options, world, false);
  }

  private static DiskStore recover(
      DiskHome directory, DiskOptions options, World world, boolean trusted) throws IOException {
    BlockIndex index = new BlockIndex(directory.openIndex());
    DiskIo io = directory.openLog();
    BlockLog log = new BlockLog(io, directory.disk(), options.segmentBytes());
    try {
      if (trusted && index.position(index.committed()) < 0) {
        throw new IndexException("it was never completed", null);
      }
      StoreState state = new StoreState(log, index);
      return new DiskStore(
          directory, io, state, StoreCore.recover(state, io, options), options, world);
    } catch (IOException | RuntimeException e) {
      index.close();
      log.close();
      throw e;
    }
  }

  /** What it holds in memory, for tests. */
  StoreState state() {
    return state;
  }

  @Override
  public long diskId() {
    return directory.disk();
  }

  @Override
  public long clusterId() {
    return directory.cluster();
  }

  @Override
  public void adopt(long clusterId) throws IOException {
    requireHealthy();
    directory.adopt(clusterId);
  }

  @Override
  public CompletableFuture<Long> write(BlockWrite write, ByteBuffer... payload) {
    return queue.submit(c -> c.write(write, payload), bytes(payload), false);
  }

  @Override
  public CompletableFuture<Sealed> writeAndSeal(BlockWrite write, ByteBuffer... payload) {
    long bytes = bytes(payload);
    return queue.submit(
        c -> {
          c.write(write, payload);
          return c.seal(
              write.block(),
              write.group(),
              write.epoch(),
              write.base(),
              write.keep(),
              write.offset() + bytes);
        },
        bytes,
        true);
  }

  @Override
  public CompletableFuture<Sealed> seal(
      BlockKey block, long group, long epoch, long base, long keep, long length) {
    return queue.submit(c -> c.seal(block, group, epoch, base, keep, length), 0, true);
  }

  @Override
  public CompletableFuture<Void> delete(List<BlockKey> blocks) {
    List<BlockKey> keys = List.copyOf(blocks);
    return queue
        .submit(
            c -> {
              c.delete(keys);
              return true;
            },
            0,
            true)
        .thenAccept(done -> {});
  }

  @Override
  public CompletableFuture<Void> unstage(BlockKey block) {
    return queue
        .submit(
            c -> {
              c.unstage(block);
              return true;
            },
            0,
            false)
        .thenAccept(done -> {});
  }

  @Override
  public BlockBytes locate(BlockKey block, long offset, int length) throws AshlarException {
    return reading(() -> reader.locate(block, offset, length));
  }

  @Override
  public BlockInfo stat(BlockKey block) throws AshlarException {
    return reading(() -> reader.stat(block));
  }

  @Override
  public Blocks list(@Nullable BlockKey after, int limit) throws AshlarException {
    return reading(() -> reader.list(after, limit));
  }

  @Override
  public List<GroupDigest> digests() throws AshlarException {
    return reading(reader::digests);
  }

  @Override
  public List<BlockEntry> blocksOf(long group) throws AshlarException {
    return reading(() -> reader.blocksOf(group));
  }

  @Override
  public List<BadBlock> verify(List<BlockKey> blocks) throws AshlarException {
    return reading(() -> reader.verify(blocks));
  }

  @Override
  public List<BadBlock> takeBad() {
    return state.takeBad();
  }

  @Override
  public DiskReport report() {
    AshlarException failed = failure;
    long used = state.space.allocated() + state.index.bytes();
    long total = 0;
    long free = 0;
    String full = null;
    try {
      total =
          options.capacityBytes() > 0
              ? Math.min(options.capacityBytes(), io.totalBytes())
              : io.totalBytes();
      free = Math.max(0, io.usableBytes() - options.reserveBytes());
      free =
          options.capacityBytes() > 0 ? Math.clamp(options.capacityBytes() - used, 0, free) : free;
      full = core.full(1 << 20);
    } catch (IOException e) {
      LOG.debug("Disk {}: cannot ask for its space", diskId(), e);
    }
    DiskState now =
        failed != null ? DiskState.FAILED : full != null ? DiskState.FULL : DiskState.UP;
    String error = failed != null ? String.valueOf(failed.getMessage()) : full == null ? "" : full;
    return new DiskReport(
        diskId(),
        directory.path().toString(),
        now,
        total,
        used,
        failed == null ? free : 0,
        state.totals.blocks(),
        error);
  }

  @Override
  public long busyNs() {
    return loop.busyNs();
  }

  @Override
  public void check() {
    if (failure == null) {
      try {
        directory.check();
      } catch (AshlarException e) {
        // Not the disk's fault: the next look may tell more.
        LOG.warn("Disk {} cannot be looked at now: {}", diskId(), e.getMessage());
      } catch (IOException e) {
        fail(e);
      }
    }
  }

  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    queue.end();
    World.Running t = thread;
    boolean ended = t == null || t.join(CLOSE_MILLIS);
    queue.close(new AshlarException(ErrorCode.UNAVAILABLE, "Disk " + diskId() + " is closed"));
    if (!ended) {
      LOG.error(
          "Disk {} at {} does not answer: its files stay open until the process ends",
          diskId(),
          directory.path());
      return;
    }
    state.index.close();
    try {
      state.log.close();
      directory.close();
    } catch (IOException e) {
      LOG.warn("Disk {}: closing {} failed", diskId(), directory.path(), e);
    }
  }

  @FunctionalInterface
  private interface Read<T> {
    T read() throws IOException;
  }

  private <T> T reading(Read<T> read) throws AshlarException {
    requireHealthy();
    try {
      return read.read();
    } catch (AshlarException e) {
      throw e;
    } catch (IndexException e) {
      AshlarException failed = fail(e);
      throw new AshlarException(failed.code(), String.valueOf(failed.getMessage()), e);
    } catch (IOException e) {
      throw new AshlarException(
          ErrorCode.RETRY, "A read of disk " + diskId() + " was interrupted: try again", e);
    }
  }

  private void requireHealthy() throws AshlarException {
    AshlarException failed = failure;
    if (failed != null) {
      throw new AshlarException(failed.code(), String.valueOf(failed.getMessage()), failed);
    }
  }

  /** The disk is out of service from now on; answers why. */
  private synchronized AshlarException fail(Throwable cause) {
    AshlarException known = failure;
    if (known != null) {
      return known;
    }
    AshlarException reason =
        new AshlarException(
            ErrorCode.DISK_FAILED,
            "Disk "
                + diskId()
                + " at "
                + directory.path()
                + " failed and is out of service: "
                + cause.getMessage(),
            cause);
    LOG.error("{}", reason.getMessage(), cause);
    failure = reason;
    queue.close(reason);
    try {
      // After a failed sync the page cache may differ from media: only the log, read again, can be
      // believed.
      directory.distrustIndex();
    } catch (IOException e) {
      LOG.warn("Disk {}: cannot mark its index as not to be trusted", diskId(), e);
    }
    return reason;
  }

  private static long bytes(ByteBuffer... payload) {
    long sum = 0;
    for (ByteBuffer part : payload) {
      sum += part.remaining();
    }
    return sum;
  }
}
