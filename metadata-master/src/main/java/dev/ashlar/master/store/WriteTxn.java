package dev.ashlar.master.store;

/**
 * The changes of one or many Raft entries, visible to itself at once and to others after {@link
 * #commit}.
 */
public interface WriteTxn extends ReadTxn {
  void put(byte[] key, byte[] value);

  /** Removes the key; nothing happens if it is not there. */
  void delete(byte[] key);

  /** Notes which Raft entry this transaction has reached; committed with it. */
  void setApplied(Applied position);

  /** Publishes all changes; afterwards only {@code close} may be called. */
  void commit();
}
