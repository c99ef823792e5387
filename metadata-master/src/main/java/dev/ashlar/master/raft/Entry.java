package dev.ashlar.master.raft;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The payload of one Raft entry, and of its reply. Big endian:
 *
 * <pre>
 * entry: u8 format = 1, i64 timeNs, u16 count, count x (u32 length, bytes)
 * reply: u16 count, count x (u32 length, bytes)
 * </pre>
 *
 * @param timeNs the leader's wall clock when it proposed, ns since 1970
 * @param commands none for an entry that only carries time or a barrier
 */
record Entry(long timeNs, List<byte[]> commands) {
  static final int MAX_COMMANDS = 256;
  private static final byte FORMAT = 1;
  private static final int LENGTH = 4;
  private static final int COUNT = 2;
  private static final int HEADER = 1 + 8;

  byte[] encode() {
    ByteBuffer out = ByteBuffer.allocate(HEADER + size(commands));
    out.put(FORMAT).putLong(timeNs);
    putAll(out, commands);
    return out.array();
  }

  /**
   * @throws IllegalStateException on anything but what {@link #encode} makes: a committed entry
   *     that cannot be read is fatal
   */
  static Entry decode(ByteBuffer in) {
    if (in.remaining() < HEADER) {
      throw cut();
    }
    byte format = in.get();
    if (format != FORMAT) {
      throw new IllegalStateException(
          "A log entry of format "
              + format
              + " was written by a newer version of the master: upgrade this one");
    }
    return new Entry(in.getLong(), getAll(in));
  }

  static byte[] encodeReplies(List<byte[]> replies) {
    ByteBuffer out = ByteBuffer.allocate(size(replies));
    putAll(out, replies);
    return out.array();
  }

  static List<byte[]> decodeReplies(ByteBuffer in) {
    return getAll(in);
  }

  private static int size(List<byte[]> parts) {
    int size = COUNT;
    for (byte[] p : parts) {
      size += LENGTH + p.length;
    }
    return size;
  }

  private static void putAll(ByteBuffer out, List<byte[]> parts) {
    out.putShort((short) parts.size());
    for (byte[] p : parts) {
      out.putInt(p.length).put(p);
    }
  }

  private static List<byte[]> getAll(ByteBuffer in) {
    if (in.remaining() < COUNT) {
      throw cut();
    }
    int count = in.getShort() & 0xffff;
    List<byte[]> parts = new ArrayList<>(Math.min(count, in.remaining() / LENGTH));
    for (int i = 0; i < count; i++) {
      int length = in.remaining() < LENGTH ? -1 : in.getInt();
      if (length < 0 || length > in.remaining()) {
        throw cut();
      }
      byte[] part = new byte[length];
      in.get(part);
      parts.add(part);
    }
    return parts;
  }

  private static IllegalStateException cut() {
    return new IllegalStateException("A log entry is cut off");
  }
}
