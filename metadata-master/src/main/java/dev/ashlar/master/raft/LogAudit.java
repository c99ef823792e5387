package dev.ashlar.master.raft;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.thirdparty.com.google.protobuf.InvalidProtocolBufferException;
import org.jspecify.annotations.Nullable;

/**
 * Reads the library's log strictly, and changes no byte of it. The library itself takes much damage
 * for the end of the log and silently cuts it off: a length that was changed to lie beyond the end
 * of the file, zeros up to the end, a closed file that is too short, missing last files. Here every
 * file must hold what its name and its neighbours say; only the last one, still open, may have bad
 * bytes at its end, and they are told apart from a clean end.
 *
 * <p>A file is 8 bytes of header, then entries: varint length, protobuf, CRC32C (big endian) of
 * both; an open one may go on with zeros. Memory is bounded by the largest entry. One thread.
 */
final class LogAudit {
  private static final byte[] HEADER = "RaftLog1".getBytes(StandardCharsets.UTF_8);
  private static final Pattern CLOSED = Pattern.compile("log_(\\d+)-(\\d+)");
  private static final Pattern OPEN = Pattern.compile("log_inprogress_(\\d+)(?:\\..*)?");
  private static final int CRC_BYTES = 4;
  private static final int MAX_VARINT = 5;
  private static final int SECTOR = 512;
  private static final int BUFFER = 64 << 10;

  /**
   * @param first index of the first entry, -1 if there is none
   * @param last index of the last good entry, -1 if there is none
   * @param term of the last good entry, 0 if there is none
   * @param lastFile where the log goes on, null if there is no open file
   * @param torn position of bad bytes at its end, -1 if it ends cleanly
   * @param unwritten whether they are an entry of which a part was never written: the file ends, or
   *     a sector of it is zeros
   * @param confs CRC32C of each entry that lists the members
   */
  record Outcome(
      long first,
      long last,
      long term,
      @Nullable Path lastFile,
      long torn,
      boolean unwritten,
      Map<Long, Integer> confs) {
    static final Outcome NOTHING = new Outcome(-1, -1, 0, null, -1, false, Map.of());
  }

  /** The message says what is wrong, and where. */
  static final class Damaged extends IOException {
    private static final long serialVersionUID = 1L;

    Damaged(String message) {
      super(message);
    }
  }

  /**
   * @param to -1 for the open one
   */
  private record Segment(Path path, long from, long to) {
    boolean open() {
      return to < 0;
    }
  }

  private final int maxEntry;
  private final Map<Long, Integer> confs = new HashMap<>();
  private long first = -1;
  private long next = -1;
  private long term;
  private long torn = -1;
  private boolean unwritten;

  /** Gets what proved right of an open file; null to read only. */
  private @Nullable OutputStream copy;

  private LogAudit(int maxEntry) {
    this.maxEntry = maxEntry;
  }

  /**
   * @param current the library's directory
   * @param maxEntry largest entry, in bytes
   * @throws Damaged if the log is not whole, except perhaps at its very end
   */
  static Outcome of(Path current, int maxEntry) throws IOException {
    LogAudit audit = new LogAudit(maxEntry);
    Path lastFile = null;
    for (Segment s : segments(current)) {
      if (lastFile != null) {
        throw new Damaged(lastFile + " is followed by " + s.path + ", but was never closed");
      }
      audit.read(s);
      lastFile = s.open() ? s.path : null;
    }
    return new Outcome(
        audit.first,
        audit.first < 0 ? -1 : audit.next - 1,
        audit.term,
        lastFile,
        audit.torn,
        audit.unwritten,
        Map.copyOf(audit.confs));
  }

  /**
   * Writes an open file that was found good over itself, each entry after it proved right once
   * more, and syncs it. A sync that failed, of this process or the one before, leaves pages that
   * read as they were written, count as clean, and are not on media: no later sync would write
   * them, and what was read from them is gone when the system forgets them.
   *
   * @param log what was found; its torn end is cut off already
   * @throws IOException if it cannot be written, or reads differently now
   */
  static void writeAgain(Outcome log, int maxEntry) throws IOException {
    Path file = log.lastFile();
    Segment s = file == null ? null : segment(file);
    if (file == null || s == null) {
      return;
    }
    LogAudit audit = new LogAudit(maxEntry);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER);
      audit.copy = out;
      audit.read(s);
      out.flush();
      channel.force(true);
    }
    if (audit.torn >= 0 || audit.next - 1 != log.last) {
      throw new IOException(
          file
              + " had entries up to "
              + log.last
              + " when it was read first, but up to "
              + (audit.next - 1)
              + " when it was read again: its disk cannot be trusted, check it");
    }
  }

  private static List<Segment> segments(Path current) throws IOException {
    TreeMap<Long, Segment> found = new TreeMap<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(current)) {
      for (Path path : files) {
        Segment s = segment(path);
        if (s != null) {
          Segment twin = found.put(s.from, s);
          if (twin != null) {
            throw new Damaged(path + " and " + twin.path + " begin at the same entry");
          }
        }
      }
    }
    return new ArrayList<>(found.values());
  }

  private static @Nullable Segment segment(Path path) throws Damaged {
    String name = String.valueOf(path.getFileName());
    Matcher closed = CLOSED.matcher(name);
    Matcher open = OPEN.matcher(name);
    try {
      if (closed.matches()) {
        return new Segment(path, Long.parseLong(closed.group(1)), Long.parseLong(closed.group(2)));
      }
      return open.matches() ? new Segment(path, Long.parseLong(open.group(1)), -1) : null;
    } catch (NumberFormatException e) {
      throw new Damaged(path + " has a name that the log never gives");
    }
  }

  private void read(Segment s) throws IOException {
    if (next >= 0 && s.from != next) {
      throw new Damaged(s.path + " begins at entry " + s.from + ", but " + next + " should follow");
    }
    next = s.from;
    if (!Files.isRegularFile(s.path)) {
      throw new Damaged(s.path + " is no file");
    }
    try (InputStream in = new BufferedInputStream(Files.newInputStream(s.path), BUFFER)) {
      byte[] header = in.readNBytes(HEADER.length);
      if (Arrays.equals(header, HEADER)) {
        if (copy != null) {
          copy.write(HEADER);
        }
        entries(s, in, Files.size(s.path));
      } else if (!s.open() || !unfinished(header, in)) {
        throw new Damaged("the header of " + s.path + " is damaged");
      }
    }
    if (!s.open() && next <= s.to) {
      throw new Damaged(s.path + " ends before entry " + next + ", but should have all to " + s.to);
    }
  }

  /** A file whose making was interrupted: a part of the header, then nothing. */
  private static boolean unfinished(byte[] header, InputStream in) throws IOException {
    int same = 0;
    while (same < header.length && header[same] == HEADER[same]) {
      same++;
    }
    for (int i = same; i < header.length; i++) {
      if (header[i] != 0) {
        return false;
      }
    }
    return zeros(in);
  }

  private static boolean zeros(InputStream in) throws IOException {
    byte[] buffer = new byte[64 << 10];
    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
      for (int i = 0; i < n; i++) {
        if (buffer[i] != 0) {
          return false;
        }
      }
    }
    return true;
  }

  private void entries(Segment s, InputStream in, long size) throws IOException {
    long at = HEADER.length;
    while (s.open() || next <= s.to) {
      in.mark(1);
      int b = in.read();
      if (b < 0) {
        return;
      }
      if (b == 0 && zeros(in)) {
        return;
      }
      byte[] entry = b == 0 ? null : entry(b, in, size - at);
      if (entry == null) {
        if (!s.open()) {
          throw new Damaged("entry " + next + " at " + at + " of " + s.path + " is damaged");
        }
        torn = at;
        unwritten = unwritten(s.path, at);
        return;
      }
      accept(s, at, entry);
      if (copy != null) {
        write(copy, entry);
      }
      at += entry.length + varintBytes(entry.length) + CRC_BYTES;
    }
  }

  /**
   * Whether the entry at this position lacks bytes as a power cut leaves it: sectors reach the
   * media whole or not at all, and those that never did are zeros or behind the end of the file.
   */
  private boolean unwritten(Path path, long at) throws IOException {
    byte[] rest;
    try (InputStream in = Files.newInputStream(path)) {
      in.skipNBytes(at);
      rest = in.readNBytes(maxEntry + MAX_VARINT + CRC_BYTES);
    }
    long length = 0;
    int n = 0;
    do {
      if (n == MAX_VARINT || n == rest.length) {
        return n == rest.length;
      }
      length |= (rest[n] & 0x7FL) << 7 * n;
    } while (rest[n++] < 0);
    int firstSector = (int) (SECTOR - at % SECTOR);
    if (length == 0) {
      return zeros(rest, 0, firstSector); // what stands behind it is of the same write
    }
    if (length < 1 || length > maxEntry) {
      return false;
    }
    long end = n + length + CRC_BYTES;
    if (end > rest.length) {
      return true;
    }
    for (int from = firstSector; from < end; from += SECTOR) {
      if (zeros(rest, from, from + SECTOR)) {
        return true;
      }
    }
    return false;
  }

  private static boolean zeros(byte[] bytes, int from, int to) {
    for (int i = from; i < Math.min(to, bytes.length); i++) {
      if (bytes[i] != 0) {
        return false;
      }
    }
    return true;
  }

  private byte @Nullable [] entry(int firstByte, InputStream in, long available)
      throws IOException {
    try {
      long length = 0;
      byte[] varint = new byte[MAX_VARINT];
      int n = 0;
      for (int b = firstByte; ; b = in.read()) {
        if (b < 0 || n == varint.length) {
          return null;
        }
        varint[n] = (byte) b;
        length |= (b & 0x7FL) << 7 * n++;
        if (b < 0x80) {
          break;
        }
      }
      if (length < 1 || length > maxEntry || n + length + CRC_BYTES > available) {
        return null;
      }
      byte[] entry = in.readNBytes((int) length);
      byte[] stored = in.readNBytes(CRC_BYTES);
      CRC32C crc = new CRC32C();
      crc.update(varint, 0, n);
      crc.update(entry);
      return n == varintBytes((int) length)
              && stored.length == CRC_BYTES
              && ByteBuffer.wrap(stored).getInt() == (int) crc.getValue()
          ? entry
          : null;
    } catch (EOFException e) {
      return null;
    }
  }

  /** As it was read: its length can be written in no other way, and its checksum was right. */
  private static void write(OutputStream out, byte[] entry) throws IOException {
    byte[] length = new byte[varintBytes(entry.length)];
    int left = entry.length;
    for (int i = 0; i < length.length; i++) {
      length[i] = (byte) (left & 0x7F | (i + 1 < length.length ? 0x80 : 0));
      left >>>= 7;
    }
    CRC32C crc = new CRC32C();
    crc.update(length);
    crc.update(entry);
    out.write(length);
    out.write(entry);
    out.write(ByteBuffer.allocate(CRC_BYTES).putInt((int) crc.getValue()).array());
  }

  private static int varintBytes(int length) {
    return Math.max(1, (38 - Integer.numberOfLeadingZeros(length)) / 7);
  }

  private void accept(Segment s, long at, byte[] bytes) throws Damaged {
    LogEntryProto entry;
    try {
      entry = LogEntryProto.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      throw new Damaged("entry " + next + " at " + at + " of " + s.path + " cannot be read");
    }
    if (entry.getIndex() != next || entry.getTerm() < term) {
      throw new Damaged(
          s.path
              + " has entry "
              + entry.getIndex()
              + " of term "
              + entry.getTerm()
              + " at "
              + at
              + ", where entry "
              + next
              + " of term "
              + term
              + " or later belongs");
    }
    if (entry.hasConfigurationEntry()) {
      confs.put(next, Promises.crc(bytes, bytes.length));
    }
    term = entry.getTerm();
    first = first < 0 ? next : first;
    next++;
  }
}
