package dev.ashlar.master.raft;

import dev.ashlar.master.store.WriteTxn;

/** What the log is applied to. Called on the one apply thread, in log order. */
public interface LogApplier {
  /**
   * @param timeNs wall clock of the leader when it proposed, ns since 1970
   * @return the reply to whoever proposed it
   * @throws RuntimeException only for a bug or a broken store: the process stops
   */
  byte[] apply(WriteTxn txn, long timeNs, byte[] command);

  /** The transaction with these commands is committed: readers see it from now on. */
  default void committed() {}

  /** The whole store was replaced by a snapshot from another master. */
  default void replaced() {}
}
