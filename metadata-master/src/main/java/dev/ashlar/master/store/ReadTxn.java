package dev.ashlar.master.store;

import org.jspecify.annotations.Nullable;

/** One consistent view. Not thread-safe. */
public interface ReadTxn extends AutoCloseable {
  /** The value, as an array of the caller's own, or null. */
  byte @Nullable [] get(byte[] key);

  /**
   * Visits entries in key order, from {@code from} inclusive. The visitor must not write to the
   * transaction it is called from.
   *
   * @param toExclusive null for the end of the store
   */
  void scan(byte[] from, byte @Nullable [] toExclusive, Visitor visitor);

  /** Position of this view. */
  Applied applied();

  @Override
  void close();

  /** What a scan calls for each entry. */
  @FunctionalInterface
  interface Visitor {
    /** Returns false to stop. The arrays are the visitor's own. */
    boolean visit(byte[] key, byte[] value);
  }
}
