package dev.ashlar.protocol.message;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Reads what {@link RecordWriter} wrote, trusting nothing. Not thread-safe. */
final class RecordReader {
  private static final int DEPTH_MAX = 32;
  private final ByteBuffer in;
  private int depth;

  RecordReader(ByteBuffer in) {
    this.in = in;
  }

  int remaining() {
    return in.remaining();
  }

  int u8() throws DecodeException {
    need(1);
    return in.get() & 0xFF;
  }

  long varint() throws DecodeException {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      int b = u8();
      value |= (long) (b & 0x7F) << shift;
      if (b < 0x80) {
        return value;
      }
    }
    throw new DecodeException("A number is longer than 64 bits");
  }

  long zigzag() throws DecodeException {
    long value = varint();
    return value >>> 1 ^ -(value & 1);
  }

  int fixed32() throws DecodeException {
    need(4);
    return in.getInt();
  }

  /** A count of things of at least {@code bytesEach} bytes, all of which must still be there. */
  int count(int bytesEach) throws DecodeException {
    long count = varint();
    if (count < 0 || count > in.remaining() / bytesEach) {
      throw new DecodeException("A count of " + count + " does not fit into the " + in.remaining() + " bytes that follow");
    }
    return (int) count;
  }

  byte[] raw(int length) throws DecodeException {
    need(length);
    byte[] bytes = new byte[length];
    in.get(bytes);
    return bytes;
  }

  String text(int length) throws DecodeException {
    need(length);
    ByteBuffer slice = in.slice(in.position(), length);
    in.position(in.position() + length);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(slice).toString();
    } catch (CharacterCodingException e) {
      throw new DecodeException("A text is not UTF-8"); // the bytes are the peer's: typed like all bad input
    }
  }

  /** Enters a record of the length that comes next; returns the limit to restore by {@link #leave}. */
  int enter() throws DecodeException {
    if (++depth > DEPTH_MAX) {
      throw new DecodeException("Records are nested deeper than " + DEPTH_MAX);
    }
    int length = count(1);
    int limit = in.limit();
    in.limit(in.position() + length);
    return limit;
  }

  /** Skips components that a later version appended. */
  void leave(int limit) {
    in.position(in.limit());
    in.limit(limit);
    depth--;
  }

  private void need(int bytes) throws DecodeException {
    if (in.remaining() < bytes) {
      throw new DecodeException("The bytes end " + (bytes - in.remaining()) + " too early");
    }
  }
}
