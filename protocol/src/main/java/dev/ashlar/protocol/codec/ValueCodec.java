package dev.ashlar.protocol.codec;

import dev.ashlar.protocol.message.DecodeException;
import org.jspecify.annotations.Nullable;

/** Encoding of a value that is not primitive. */
public interface ValueCodec {
  void write(@Nullable Object value, RecordOutput out);

  /** Reads a value that must be there. */
  @Nullable Object read(RecordInput in) throws DecodeException;

  /** What stands for a value that the writer did not know of. */
  @Nullable Object missing(RecordInput in) throws DecodeException;

  /** A component: missing if the record ends before it. */
  default @Nullable Object readOrMissing(RecordInput in) throws DecodeException {
    return in.atEnd() ? missing(in) : read(in);
  }
}
