package dev.ashlar.protocol.codec;

import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.DecodeException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Bytes being read. Methods named read... return zero or empty at the end of the record: the writer
 * was older and did not know the component. Everything is checked against what remains of the
 * record before it is used or memory is taken for it. Not thread-safe.
 */
public final class RecordInput {
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final byte[] NO_BYTES = {};
  private static final int[] NO_INTS = {};
  private static final long[] NO_LONGS = {};

  private final byte[] bytes;
  private int position;
  private int limit;
  private int depth;
  private int elements;

  RecordInput(byte[] bytes, int from, int to) {
    this.bytes = bytes;
    this.position = from;
    this.limit = to;
  }

  public boolean readBoolean() throws DecodeException {
    if (position == limit) {
      return false;
    }
    byte value = bytes[position++];
    if ((value & ~1) != 0) {
      throw invalid("a boolean of " + value);
    }
    return value == 1;
  }

  public int readInt() throws DecodeException {
    if (position == limit) {
      return 0;
    }
    long value = unsigned();
    if (value >>> 32 != 0) {
      throw invalid("an int beyond 32 bits");
    }
    return (int) (value >>> 1) ^ -(int) (value & 1);
  }

  public long readLong() throws DecodeException {
    if (position == limit) {
      return 0;
    }
    return signed();
  }

  public String readString() throws DecodeException {
    if (position == limit) {
      return "";
    }
    int length = count(1);
    int from = position;
    position += length;
    String text = new String(bytes, from, length, StandardCharsets.UTF_8);
    if (text.indexOf('\uFFFD') >= 0) {
      checkUtf8(from, length);
    }
    return text;
  }

  public byte[] readBytes() throws DecodeException {
    if (position == limit) {
      return NO_BYTES;
    }
    int length = count(1);
    int from = position;
    position += length;
    return length == 0 ? NO_BYTES : Arrays.copyOfRange(bytes, from, position);
  }

  public int[] readInts() throws DecodeException {
    int count = position == limit ? 0 : count(4);
    if (count == 0) {
      return NO_INTS;
    }
    int[] values = new int[count];
    for (int i = 0; i < count; i++) {
      values[i] = (int) INTS.get(bytes, position);
      position += 4;
    }
    return values;
  }

  public long[] readLongs() throws DecodeException {
    int count = position == limit ? 0 : count(1);
    if (count == 0) {
      return NO_LONGS;
    }
    long[] values = new long[count];
    for (int i = 0; i < count; i++) {
      values[i] = signed();
    }
    return values;
  }

  /** Nothing is left of the record. */
  boolean atEnd() {
    return position == limit;
  }

  int position() {
    return position;
  }

  private long signed() throws DecodeException {
    long value = unsigned();
    return (value >>> 1) ^ -(value & 1);
  }

  /** A varint without sign that must be there. */
  long unsigned() throws DecodeException {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (position == limit) {
        throw invalid("a number that is cut off");
      }
      byte b = bytes[position++];
      if (shift == 63 && (b & ~1) != 0) {
        break;
      }
      value |= (long) (b & 0x7F) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw invalid("a number beyond 64 bits");
  }

  /** A count of things that take at least {@code eachBytes} each. */
  int count(int eachBytes) throws DecodeException {
    long count = unsigned();
    if (count < 0 || count > (limit - position) / eachBytes) {
      throw invalid(
          "a length of "
              + Long.toUnsignedString(count)
              + " where "
              + (limit - position)
              + " bytes are left");
    }
    return (int) count;
  }

  /** A count of list elements. */
  int listCount() throws DecodeException {
    int count = count(1);
    elements += count;
    if (elements > Limits.ELEMENTS) {
      throw invalid("lists of more than " + Limits.ELEMENTS + " elements");
    }
    return count;
  }

  /** Goes one level down. */
  void descend() throws DecodeException {
    if (++depth > Limits.DEPTH) {
      throw invalid("nesting deeper than " + Limits.DEPTH + " levels");
    }
  }

  void ascend() {
    depth--;
  }

  /** Goes into a record: reads its length. Returns what {@link #leave} wants. */
  int enter() throws DecodeException {
    int length = count(1);
    descend();
    int outer = limit;
    limit = position + length;
    return outer;
  }

  /** Leaves the record, past components that this program does not know. */
  void leave(int outer) {
    position = limit;
    limit = outer;
    depth--;
  }

  DecodeException invalid(String what) {
    return new DecodeException(
        ErrorCode.INVALID, "Bad encoding: " + what + ", before byte " + position);
  }

  private void checkUtf8(int from, int length) throws DecodeException {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, from, length));
    } catch (CharacterCodingException e) {
      throw new DecodeException(
          ErrorCode.INVALID, "Bad encoding: text that is not UTF-8, before byte " + position, e);
    }
  }
}
