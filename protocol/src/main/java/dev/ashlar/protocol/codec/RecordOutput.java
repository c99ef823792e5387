package dev.ashlar.protocol.codec;

import io.netty.buffer.ByteBuf;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Bytes being written. Numbers are zig-zag varints, the elements of an int[] fixed and big endian.
 * Not thread-safe.
 */
public final class RecordOutput {
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final int FIRST_BYTES = 512;

  private byte[] bytes = new byte[FIRST_BYTES];
  private int size;
  private int depth;

  public void writeBoolean(boolean value) {
    ensure(1);
    bytes[size++] = (byte) (value ? 1 : 0);
  }

  public void writeInt(int value) {
    writeUnsigned(((value << 1) ^ (value >> 31)) & 0xFFFFFFFFL);
  }

  public void writeLong(long value) {
    writeUnsigned((value << 1) ^ (value >> 63));
  }

  /**
   * @throws IllegalArgumentException if the text has half a surrogate pair, which UTF-8 cannot say
   */
  public void writeString(String value) {
    writeBytes(utf8(value));
  }

  public void writeBytes(byte[] value) {
    writeUnsigned(value.length);
    ensure(value.length);
    System.arraycopy(value, 0, bytes, size, value.length);
    size += value.length;
  }

  public void writeInts(int[] value) {
    writeUnsigned(value.length);
    ensure(4L * value.length);
    for (int element : value) {
      INTS.set(bytes, size, element);
      size += 4;
    }
  }

  public void writeLongs(long[] value) {
    writeUnsigned(value.length);
    for (long element : value) {
      writeLong(element);
    }
  }

  /** A varint without sign: seven bits a byte, lowest first, the top bit says that more follow. */
  void writeUnsigned(long value) {
    ensure(Limits.VARINT_BYTES);
    size = putUnsigned(size, value);
  }

  /** Starts a record. Returns what {@link #end} wants. */
  int begin() {
    if (++depth > Limits.DEPTH) {
      throw new IllegalArgumentException("Records nest deeper than " + Limits.DEPTH + " levels");
    }
    ensure(1);
    return size++;
  }

  /** Ends the record: puts its length before it. */
  void end(int mark) {
    depth--;
    int length = size - mark - 1;
    int extra = varintBytes(length) - 1;
    if (extra > 0) {
      ensure(extra);
      System.arraycopy(bytes, mark + 1, bytes, mark + 1 + extra, length);
    }
    int _ = putUnsigned(mark, length);
    size += extra;
  }

  byte[] toBytes() {
    return Arrays.copyOf(bytes, size);
  }

  void copyTo(ByteBuf out) {
    out.writeBytes(bytes, 0, size);
  }

  private int putUnsigned(int at, long value) {
    int i = at;
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      bytes[i++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    bytes[i++] = (byte) rest;
    return i;
  }

  private static int varintBytes(int length) {
    return (38 - Integer.numberOfLeadingZeros(length | 1)) / 7;
  }

  private void ensure(long more) {
    if (more > bytes.length - size) {
      grow(more);
    }
  }

  private void grow(long more) {
    long needed = size + more;
    if (needed > Limits.ENCODED_BYTES) {
      throw new IllegalArgumentException(
          "A record of more than " + Limits.ENCODED_BYTES + " bytes cannot be encoded: split it");
    }
    bytes =
        Arrays.copyOf(
            bytes, (int) Math.min(Limits.ENCODED_BYTES, Math.max(needed, 2L * bytes.length)));
  }

  private static byte[] utf8(String value) {
    for (int i = 0; i < value.length(); i++) {
      if (Character.isSurrogate(value.charAt(i))) {
        return strictUtf8(value);
      }
    }
    return value.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] strictUtf8(String value) {
    try {
      ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(value));
      byte[] result = new byte[encoded.remaining()];
      encoded.get(result);
      return result;
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(
          "Text with half a surrogate pair has no UTF-8 form: " + value, e);
    }
  }
}
