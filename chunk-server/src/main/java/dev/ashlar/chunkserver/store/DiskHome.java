package dev.ashlar.chunkserver.store;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Where a disk keeps what it has: its identity, its log and its index. Held by one store at a time.
 */
public interface DiskHome extends AutoCloseable {
  /** For people, and for what is kept beside the disk. */
  Path path();

  long disk();

  /** 0 if no cluster adopted it. */
  long cluster();

  /** Binds it to a cluster, durably; harmless if repeated, refused if it belongs to another. */
  void adopt(long cluster) throws IOException;

  /**
   * @throws IOException if this is not the disk any more
   */
  void check() throws IOException;

  /**
   * Removes an index that cannot be trusted.
   *
   * @return whether the index that is there may be used
   */
  boolean prepareIndex() throws IOException;

  /** Removes the index; the next one can be trusted. */
  void resetIndex() throws IOException;

  /** Makes the next start build the index from the log. */
  void distrustIndex() throws IOException;

  OrderedStore openIndex() throws IOException;

  DiskIo openLog() throws IOException;

  @Override
  void close() throws IOException;
}
