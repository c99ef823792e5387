package dev.ashlar.master.store;

/**
 * An ordered map of byte strings with snapshot reads and one writer. Keys are 1 to 511 bytes,
 * ordered as unsigned bytes. Any failure of the medium is a {@link StoreException}: the process
 * must stop, what it wrote since the last snapshot is suspect.
 */
public interface KeyValueStore extends AutoCloseable {
  /**
   * A snapshot to read. Any thread (virtual too); to be closed soon by the same thread: while it is
   * open, no page it sees is reused.
   */
  ReadTxn read();

  /**
   * The one write transaction. Always from the same platform thread, closed before the next is
   * opened; without commit it changes nothing.
   */
  WriteTxn write();

  /** Position of the newest committed transaction. */
  Applied applied();

  @Override
  void close();
}
