package dev.ashlar.chunkserver.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.NavigableMap;
import org.jspecify.annotations.Nullable;

/** A recorded disk as one life of a store holds it: segments, and an index that is committed. */
final class CrashHome implements DiskHome {
  static final long DISK = 99;

  private final CrashIo io;
  private @Nullable NavigableMap<byte[], byte[]> index;

  CrashHome(CrashIo io, @Nullable NavigableMap<byte[], byte[]> index) {
    this.io = io;
    this.index = index;
  }

  CrashIo io() {
    return io;
  }

  /** The same disk after this process died. */
  CrashHome nextLife() {
    return new CrashHome(io.nextLife(), index);
  }

  @Override
  public Path path() {
    return Path.of("recorded");
  }

  @Override
  public long disk() {
    return DISK;
  }

  @Override
  public long cluster() {
    return 0;
  }

  @Override
  public void adopt(long cluster) {}

  @Override
  public void check() {}

  @Override
  public boolean prepareIndex() {
    return index != null;
  }

  @Override
  public void resetIndex() {
    index = null;
  }

  @Override
  public void distrustIndex() {
    if (io.alive()) {
      index = null;
    }
  }

  @Override
  public OrderedStore openIndex() {
    MemoryStore store = new MemoryStore(index);
    store.afterCommit(committed -> {
      io.note(new CrashOp.Commit(committed));
      index = committed;
    });
    return store;
  }

  @Override
  public DiskIo openLog() {
    return io;
  }

  @Override
  public void close() throws IOException {}
}
