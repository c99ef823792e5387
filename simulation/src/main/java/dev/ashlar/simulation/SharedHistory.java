package dev.ashlar.simulation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A file that several clients append to, each under its own lease. Whatever a read sees is made of
 * whole pieces, each at most once; it has every piece that was acknowledged before; and of two
 * reads one begins with the other.
 */
final class SharedHistory {
  /** Every piece begins with its number and its length. */
  static final int HEADER = 12;

  private final String path;
  private final List<byte[]> pieces = new ArrayList<>();
  private final List<Long> done = new ArrayList<>();
  private byte[] longest = new byte[0];
  private long longestNs;

  SharedHistory(String path) {
    this.path = path;
  }

  String path() {
    return path;
  }

  /** A piece that somebody begins to append. */
  byte[] piece(long stamp, int length) {
    byte[] piece = Content.of(stamp, HEADER + length);
    java.nio.ByteBuffer.wrap(piece)
        .putInt(pieces.size())
        .putInt(piece.length)
        .putInt(~piece.length);
    pieces.add(piece);
    done.add(Long.MAX_VALUE);
    return piece;
  }

  void done(byte[] piece, long nowNs) {
    done.set(java.nio.ByteBuffer.wrap(piece).getInt(), nowNs);
  }

  /** Somebody read it all. */
  void read(byte[] content, long fromNs, long toNs, String reader) {
    List<Boolean> present = new ArrayList<>();
    pieces.forEach(p -> present.add(false));
    int at = 0;
    while (at < content.length) {
      java.nio.ByteBuffer head =
          java.nio.ByteBuffer.wrap(content, at, Math.min(HEADER, content.length - at));
      int number = head.remaining() < HEADER ? -1 : head.getInt();
      if (number < 0 || number >= pieces.size()) {
        throw broken(reader, content, "is no whole number of pieces at " + at);
      }
      byte[] piece = pieces.get(number);
      if (at + piece.length > content.length
          || !Arrays.equals(piece, 0, piece.length, content, at, at + piece.length)) {
        throw broken(reader, content, "holds a torn piece " + number + " at " + at);
      }
      if (present.set(number, true)) {
        throw broken(reader, content, "holds piece " + number + " twice");
      }
      at += piece.length;
    }
    for (int i = 0; i < pieces.size(); i++) {
      if (done.get(i) < fromNs && !present.get(i)) {
        throw broken(
            reader, content, "lacks piece " + i + ", acknowledged at " + done.get(i) / 1e9 + " s");
      }
    }
    int same = Arrays.mismatch(longest, content);
    if (same >= 0 && same < Math.min(longest.length, content.length)) {
      throw broken(reader, content, "does not continue what was read before, from byte " + same);
    }
    if (content.length < longest.length && longestNs < fromNs) {
      throw broken(reader, content, "is shorter than what was read before it, " + longest.length);
    }
    if (content.length > longest.length) {
      longest = content;
      longestNs = toNs;
    }
  }

  private Violation broken(String reader, byte[] content, String how) {
    return new Violation(reader + " read " + path + ", " + content.length + " bytes, which " + how);
  }
}
