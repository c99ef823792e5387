package dev.ashlar.protocol.message;

import java.util.Arrays;

/** A byte array that grows. Not thread-safe. */
final class RecordWriter {
  private byte[] bytes = new byte[256];
  private int size;

  void u8(int value) {
    room(1);
    bytes[size++] = (byte) value;
  }

  void varint(long value) {
    room(10);
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      bytes[size++] = (byte) (rest & 0x7F | 0x80);
      rest >>>= 7;
    }
    bytes[size++] = (byte) rest;
  }

  void zigzag(long value) {
    varint(value << 1 ^ value >> 63);
  }

  void fixed32(int value) {
    room(4);
    bytes[size++] = (byte) (value >>> 24);
    bytes[size++] = (byte) (value >>> 16);
    bytes[size++] = (byte) (value >>> 8);
    bytes[size++] = (byte) value;
  }

  void raw(byte[] source) {
    room(source.length);
    System.arraycopy(source, 0, bytes, size, source.length);
    size += source.length;
  }

  /** Begins something whose length comes first: returns where it begins. */
  int open() {
    room(1);
    return size++;
  }

  /** Puts the length of all since {@link #open} in front of it; one byte is kept free for it, longer ones move the content. */
  void close(int start) {
    int length = size - start - 1;
    int extra = 0;
    for (int rest = length >>> 7; rest != 0; rest >>>= 7) {
      extra++;
    }
    if (extra > 0) {
      room(extra);
      System.arraycopy(bytes, start + 1, bytes, start + 1 + extra, length);
    }
    size = start;
    varint(length);
    size += length;
  }

  private void room(int count) {
    if (bytes.length - size < count) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + count));
    }
  }

  byte[] toByteArray() {
    return Arrays.copyOf(bytes, size);
  }

  byte[] array() {
    return bytes;
  }

  int size() {
    return size;
  }
}
