package dev.ashlar.master.server;

import dev.ashlar.master.raft.LogApplier;
import dev.ashlar.master.state.LogCommand;
import dev.ashlar.master.state.MetadataState;
import dev.ashlar.master.store.WriteTxn;
import dev.ashlar.protocol.message.DecodeException;
import dev.ashlar.protocol.message.RecordCodec;

/** Log entries to the state machine and its replies back, as bytes. */
final class StateApplier implements LogApplier {
  private final MetadataState state = new MetadataState();

  @Override
  public byte[] apply(WriteTxn txn, long timeNs, byte[] command) {
    try {
      return RecordCodec.encodeMessage(
          state.apply(txn, RecordCodec.decodeTagged(LogCommand.class, command), timeNs));
    } catch (DecodeException e) {
      throw new IllegalStateException(
          "A committed command cannot be read; was it written by a newer version of the program?",
          e);
    }
  }
}
