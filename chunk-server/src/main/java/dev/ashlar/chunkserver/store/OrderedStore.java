package dev.ashlar.chunkserver.store;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values in unsigned byte order, changed by one thread in transactions. Any thread reads
 * what was committed; the owning thread also reads its own changes. Nothing needs to survive a
 * crash of the machine: the log has it all. A crash of the process must leave the last commit.
 */
public interface OrderedStore extends AutoCloseable {
  /** Answers false to end a scan. The arrays are the visitor's. */
  @FunctionalInterface
  interface Visitor {
    boolean visit(byte[] key, byte[] value) throws IOException;
  }

  /** Something to read from. */
  interface View {
    byte @Nullable [] get(byte[] key) throws IOException;

    /** Visits keys from {@code from} (included) upwards. The visitor must not change the store. */
    void scan(byte[] from, Visitor visitor) throws IOException;
  }

  /** What is committed. Any thread; each call sees one state. */
  View committed();

  /** Committed and not yet committed changes. Owning thread only. */
  View pending();

  void put(byte[] key, byte[] value) throws IOException;

  void delete(byte[] key) throws IOException;

  void commit() throws IOException;

  /** Forgets what was not committed. */
  void rollback();

  /** Bytes it takes on disk. */
  long bytes();

  /**
   * Waits for readers and closes; later reads fail with an IOException. Forgets what was not
   * committed.
   */
  @Override
  void close();
}
