package dev.ashlar.master.state;

import dev.ashlar.master.store.WriteTxn;
import dev.ashlar.protocol.message.Message;

/** The state machine. */
public final class MetadataState {
  /**
   * Decides one command and writes its effects.
   *
   * @param timeNs of the batch
   * @return MasterReply or ErrorReply; the places in it have disks but no addresses and no tokens: see {@link Queries#complete}
   * @throws RuntimeException only for a bug or a broken store: the process must stop, the transaction must not be committed
   */
  public Message apply(WriteTxn txn, LogCommand command, long timeNs) {
    throw new IllegalStateException("not yet");
  }
}
