package dev.ashlar.protocol.message;

import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.codec.Encodings;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;

/**
 * The one encoding of every record, on the wire and on disk, derived from its components (see
 * docs/FORMATS.md). A record is its length and its components in order. Components may be boolean,
 * int, long, String, byte[], int[], long[], enums, records, sealed interfaces of records with
 * {@link Tag}s, Lists of these, and {@code @Nullable} ones.
 *
 * <p>Components may be appended to a record for ever: a reader takes zero, empty or null for what
 * an older writer did not write (an appended sealed interface must therefore be {@code @Nullable}),
 * and skips what a newer one wrote. Nothing else may change.
 *
 * <p>Encoding throws IllegalArgumentException for what has no encoding (a null that is not allowed,
 * text with half a surrogate pair, too deep, too large). Decoding bad bytes throws {@link
 * DecodeException} and nothing else, and takes no more memory than a small multiple of the bytes.
 * Thread-safe.
 */
public final class RecordCodec {
  private RecordCodec() {}

  public static byte[] encode(Record record) {
    return Encodings.record(record);
  }

  public static void encode(Record record, ByteBuf out) {
    Encodings.record(record, out);
  }

  /** Reads one record; {@code in} is left behind it. */
  public static <T extends Record> T decode(Class<T> type, ByteBuffer in) throws DecodeException {
    return type.cast(Encodings.readRecord(type, in));
  }

  /** Reads bytes that hold one record and nothing else. */
  public static <T extends Record> T decode(Class<T> type, byte[] bytes) throws DecodeException {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    return whole(decode(type, in), in);
  }

  /** Writes the record's {@link Tag} and the record. */
  public static byte[] encodeTagged(Record record) {
    return Encodings.tagged(record);
  }

  public static void encodeTagged(Record record, ByteBuf out) {
    Encodings.tagged(record, out);
  }

  /** Reads one of the records of a sealed interface by its tag; {@code in} is left behind it. */
  public static <S> S decodeTagged(Class<S> sealedType, ByteBuffer in) throws DecodeException {
    return sealedType.cast(Encodings.readTagged(sealedType, in));
  }

  /** Reads bytes that hold one of the records of a sealed interface and nothing else. */
  public static <S> S decodeTagged(Class<S> sealedType, byte[] bytes) throws DecodeException {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    return whole(decodeTagged(sealedType, in), in);
  }

  public static byte[] encodeMessage(Message message) {
    return Encodings.tagged(message);
  }

  /** Reads bytes that hold one message and nothing else. */
  public static Message decodeMessage(byte[] bytes) throws DecodeException {
    return decodeTagged(Message.class, bytes);
  }

  /** Reads one message; {@code in} is left behind it. */
  public static Message decodeMessage(ByteBuffer in) throws DecodeException {
    return decodeTagged(Message.class, in);
  }

  private static <T> T whole(T record, ByteBuffer in) throws DecodeException {
    if (in.hasRemaining()) {
      throw new DecodeException(
          ErrorCode.INVALID,
          "Bad encoding: "
              + in.remaining()
              + " bytes follow a whole "
              + record.getClass().getSimpleName());
    }
    return record;
  }
}
