package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.MasterReply;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A file opened by {@link AshlarFileSystem#open} or {@link AshlarFileSystem#create}; release it
 * there. Thread-safe: calls on one handle that write wait for each other.
 */
public final class FileHandle {
  /** Sealed chunks are published when there are so many, so that a commit stays small. */
  private static final int CHUNKS_PER_COMMIT = 256;

  private final ClientServices services;
  private final OpenMode mode;
  private final String name;
  private final long epoch;
  private final ReentrantLock lock = new ReentrantLock();
  private Attr attr;
  private @Nullable ContentWriter writer;
  private @Nullable SharedReader reader;
  private boolean released;

  /**
   * A reader that a new version may replace while others still read from it: the last one closes
   * it. New users come only under the handle's lock, while the handle itself is one.
   */
  private static final class SharedReader {
    private final StripedReader reader;
    private final AtomicInteger users = new AtomicInteger(1);

    SharedReader(StripedReader reader) {
      this.reader = reader;
    }

    void leave() {
      if (users.decrementAndGet() == 0) {
        reader.close();
      }
    }
  }

  private FileHandle(ClientServices services, OpenMode mode, Attr attr, long epoch) {
    this.services = services;
    this.mode = mode;
    this.attr = attr;
    this.epoch = epoch;
    this.name = "file " + attr.inode();
  }

  /** A handle for reading. */
  static FileHandle reading(ClientServices services, long inode) throws AshlarException {
    StripedReader reader = StripedReader.open(services, "file " + inode, inode);
    FileHandle handle = new FileHandle(services, OpenMode.READ, reader.attr(), 0);
    handle.reader = new SharedReader(reader);
    return handle;
  }

  /** A handle for writing; {@code opened} has the lease. */
  static FileHandle writing(ClientServices services, OpenMode mode, MasterReply.Opened opened) {
    services.keepAlive().holdLease(opened.epoch());
    return new FileHandle(services, mode, opened.attr(), opened.epoch());
  }

  public long inode() {
    return attr.inode();
  }

  public OpenMode mode() {
    return mode;
  }

  /** Bytes of the file as its user sees it: for a writer those not yet published included. */
  public long size() {
    lock.lock();
    try {
      return writer == null ? attr.size() : writer.size();
    } finally {
      lock.unlock();
    }
  }

  int read(long offset, ByteBuffer target) throws AshlarException {
    int start = target.position();
    try {
      return readOnce(offset, target);
    } catch (AshlarException e) {
      if (e.code() != ErrorCode.CONFLICT) {
        throw e;
      }
      forgetReader();
      target.position(start); // what came of the old version is not mixed with the new one
      return readOnce(offset, target);
    }
  }

  private int readOnce(long offset, ByteBuffer target) throws AshlarException {
    SharedReader used = reader();
    try {
      return used.reader.read(offset, target);
    } finally {
      used.leave();
    }
  }

  /** The present reader, with the caller as a user. */
  private SharedReader reader() throws AshlarException {
    lock.lock();
    try {
      checkOpen();
      if (writer != null && writer.size() != attr.size()) {
        publish(false); // the writer sees its own writes
      }
      SharedReader present = reader;
      if (present == null) {
        present = new SharedReader(StripedReader.open(services, name, attr.inode()));
        reader = present;
      }
      present.users.incrementAndGet();
      return present;
    } finally {
      lock.unlock();
    }
  }

  private void forgetReader() {
    lock.lock();
    try {
      if (reader != null) {
        reader.leave();
        reader = null;
      }
    } finally {
      lock.unlock();
    }
  }

  int append(ByteBuffer source) throws AshlarException {
    lock.lock();
    try {
      ContentWriter open = writer();
      int count = source.remaining();
      open.write(source);
      if (open.sealedChunks() >= CHUNKS_PER_COMMIT) {
        ContentWriter.Publishable some = open.takeSealed();
        if (!some.chunks().isEmpty()) {
          attr =
              StagedWriter.commit(
                  services,
                  attr.inode(),
                  epoch,
                  services.world().wallNs(),
                  open,
                  some,
                  Command.Link.NONE,
                  false);
          forgetReader();
        }
      }
      return count;
    } finally {
      lock.unlock();
    }
  }

  int write(long offset, ByteBuffer source) throws AshlarException {
    lock.lock();
    try {
      long end = size();
      if (offset != end) {
        throw new AshlarException(
            ErrorCode.INVALID,
            "This version writes only at the end of a file: "
                + name
                + " ends at "
                + end
                + ", but bytes were to be written at "
                + offset
                + ". Write a new file instead");
      }
      return append(source);
    } finally {
      lock.unlock();
    }
  }

  private ContentWriter writer() throws AshlarException {
    checkOpen();
    if (mode == OpenMode.READ) {
      throw new AshlarException(
          ErrorCode.PERMISSION, name + " is open for reading only: open it for writing");
    }
    if (services.keepAlive().isLost(epoch)) {
      throw new AshlarException(
          ErrorCode.LEASE_LOST,
          "The lease of " + name + " ran out, somebody else may write it by now: open it again");
    }
    ContentWriter present = writer;
    if (present == null) {
      Policy policy = StagedContent.policy(attr);
      int first = Math.toIntExact(attr.size() / policy.chunkBytes());
      PlaceSource places =
          new PlaceSource(
              services.masters(), attr.inode(), epoch, first, Long.MAX_VALUE, List.of());
      present =
          new ContentWriter(name, services, policy, places, attr.size(), true, this::readCommitted);
      writer = present;
    }
    return present;
  }

  /** Bytes of the committed version; zeros past its end. */
  private void readCommitted(long offset, ByteBuffer target) throws AshlarException {
    try (StripedReader committed = StripedReader.open(services, name, attr.inode())) {
      while (target.hasRemaining()) {
        int count = committed.read(offset, target);
        if (count < 0) {
          while (target.hasRemaining()) {
            target.put((byte) 0);
          }
        }
        offset += count;
      }
    }
  }

  Attr fsync() throws AshlarException {
    lock.lock();
    try {
      checkOpen();
      return publish(false);
    } finally {
      lock.unlock();
    }
  }

  private Attr publish(boolean release) throws AshlarException {
    ContentWriter open = writer;
    if (open == null || !dirty(open)) {
      return attr;
    }
    open.seal();
    attr =
        StagedWriter.commit(
            services,
            attr.inode(),
            epoch,
            services.world().wallNs(),
            open,
            open.takeSealed(),
            Command.Link.NONE,
            release);
    forgetReader();
    return attr;
  }

  Attr truncate(long size) throws AshlarException {
    lock.lock();
    try {
      var _ = writer();
      var _ = publish(false);
      attr =
          services
              .masters()
              .submit(
                  new Command.Truncate(attr.inode(), epoch, size, services.world().wallNs()),
                  MasterReply.AttrReply.class)
              .attr();
      closeWriter();
      forgetReader();
      return attr;
    } finally {
      lock.unlock();
    }
  }

  private void closeWriter() {
    if (writer != null) {
      writer.close();
      writer = null;
    }
  }

  void release() throws AshlarException {
    lock.lock();
    try {
      if (released) {
        return;
      }
      released = true;
      boolean leased = mode != OpenMode.READ;
      AshlarException failure = null;
      try {
        if (writer != null && dirty(writer)) {
          var _ = publish(true);
          leased = false;
        }
      } catch (AshlarException e) {
        failure = e;
      }
      closeWriter();
      forgetReader();
      if (mode != OpenMode.READ) {
        services.keepAlive().dropLease(epoch);
      }
      if (leased) {
        failure = giveBackLease(failure);
      }
      if (failure != null) {
        throw failure;
      }
    } finally {
      lock.unlock();
    }
  }

  private @Nullable AshlarException giveBackLease(@Nullable AshlarException failure) {
    try {
      var _ =
          services
              .masters()
              .submit(new Command.ReleaseLease(attr.inode(), epoch), MasterReply.Done.class);
      return failure;
    } catch (AshlarException e) {
      if (failure == null) {
        return e;
      }
      failure.addSuppressed(e);
      return failure;
    }
  }

  private boolean dirty(ContentWriter open) {
    return open.size() != attr.size() || open.sealedChunks() > 0;
  }

  private void checkOpen() throws AshlarException {
    if (released) {
      throw new AshlarException(ErrorCode.INVALID, name + " was released: open it again");
    }
  }
}
