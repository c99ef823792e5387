package dev.ashlar.protocol.message;

import java.nio.ByteBuffer;

/**
 * The one encoding of records on the wire, in the Raft log and in the master's store; docs/FORMATS.md draws it. A record is its length and then its components
 * in order. Components may be appended for ever: a reader gives missing ones their zero value and skips those it does not know.
 *
 * <p>Thread-safe. Decoding trusts nothing: every length, count, enum and tag is checked before memory is taken for it, and the only exception on bad bytes is
 * {@link DecodeException}.
 */
public final class RecordCodec {
  private RecordCodec() {}

  public static byte[] encode(Record value) {
    RecordWriter out = new RecordWriter();
    RecordPlan.of(value.getClass()).write(value, out);
    return out.toByteArray();
  }

  /** Reads one record and leaves the position behind it. */
  public static <T extends Record> T decode(Class<T> type, ByteBuffer in) throws DecodeException {
    return type.cast(RecordPlan.of(type).read(new RecordReader(in)));
  }

  public static <T extends Record> T decode(Class<T> type, byte[] bytes) throws DecodeException {
    return decode(type, ByteBuffer.wrap(bytes));
  }

  /** Tag and record of a sealed interface's member. */
  public static byte[] encodeTagged(Record value) {
    RecordWriter out = new RecordWriter();
    TaggedPlan.writeTagged(value, out);
    return out.toByteArray();
  }

  /** Reads a member of the sealed interface {@code type}, however deep it is sealed. */
  public static <S> S decodeTagged(Class<S> type, ByteBuffer in) throws DecodeException {
    return type.cast(TaggedPlan.of(type).read(new RecordReader(in)));
  }

  public static <S> S decodeTagged(Class<S> type, byte[] bytes) throws DecodeException {
    return decodeTagged(type, ByteBuffer.wrap(bytes));
  }

  public static byte[] encodeMessage(Message message) {
    return encodeTagged((Record) message);
  }

  public static Message decodeMessage(ByteBuffer in) throws DecodeException {
    return decodeTagged(Message.class, in);
  }
}
