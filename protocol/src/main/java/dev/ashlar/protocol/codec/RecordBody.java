package dev.ashlar.protocol.codec;

import dev.ashlar.protocol.message.DecodeException;

/**
 * Writes and reads the components of one record type, in order. Implemented by generated classes,
 * see {@link BodyGenerator}.
 */
public abstract class RecordBody {
  /** Called by generated classes. */
  protected RecordBody() {}

  public abstract void write(Object record, RecordOutput out);

  public abstract Object read(RecordInput in) throws DecodeException;
}
