package dev.ashlar.master.raft;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this master has promised the others, kept apart from the log: how far it said to have synced
 * the log, and how it voted. A log that is cut short, or a vote that was changed, looks no
 * different from one that never was more; this file tells them apart ({@link StartCheck}).
 *
 * <p>Two places, written in turn, big endian, the newer valid one counts:
 *
 * <pre>
 *  0 u32 magic "AshP"    16 16 bytes hash of the boot id    48 u32 crc of the configuration file, 0 if none
 *  4 u32 format, 1       32 u64 log index                   52 u32 1 if a vote was given in that term
 *  8 u64 sequence        40 u64 term                        56 u32 crc of the vote
 *                                                           60 u32 CRC32C of bytes 0 to 60
 * </pre>
 *
 * <p>The index is written before anybody is told that it is synced, so it is exact as long as the
 * machine runs, however the process ends. On media it is up to {@link #PERIOD_MS} old; so is the
 * vote anywhere. Thread-safe; holds a lock on the file.
 */
final class Promises implements AutoCloseable {
  static final String FILE = "promises";
  static final long PERIOD_MS = 200;

  private static final Logger LOG = LoggerFactory.getLogger(Promises.class);
  private static final int MAGIC = 0x41736850;
  private static final int FORMAT = 1;
  private static final int BYTES = 64;
  private static final int SECOND = 4096;
  private static final long NO_CEILING = Long.MAX_VALUE;

  /**
   * @param index last log index said to be synced, -1 if none
   * @param vote null before any was seen
   * @param conf CRC32C of the file with the members, 0 if there was none
   */
  record Known(long index, @Nullable Vote vote, int conf) {
    static final Known NOTHING = new Known(-1, null, 0);
  }

  private final Path file;
  private final FileChannel channel;
  private final byte[] boot;
  private final boolean sameBoot;
  private final boolean fresh;
  private long sequence;
  private Known known;
  private boolean dirty;
  private long ceiling = NO_CEILING;
  private @Nullable Thread watcher;
  private volatile boolean running = true;

  record Slot(long sequence, byte[] boot, Known known) {}

  private Promises(Path file, FileChannel channel, byte[] boot, @Nullable Slot newest) {
    this.file = file;
    this.channel = channel;
    this.boot = boot;
    fresh = newest == null;
    sameBoot = newest != null && Arrays.equals(newest.boot, boot);
    sequence = newest == null ? 0 : newest.sequence;
    known = newest == null ? Known.NOTHING : newest.known;
  }

  /**
   * Opens and locks the file of a master's directory, making it if need be.
   *
   * @throws OverlappingFileLockException if another master uses it
   * @throws IOException if it is damaged or cannot be used
   */
  static Promises open(Path dir) throws IOException {
    Files.createDirectories(dir);
    Path file = dir.resolve(FILE);
    FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock == null) {
        throw new OverlappingFileLockException();
      }
      Slot newest = newer(read(channel, 0), read(channel, SECOND));
      if (newest == null && channel.size() > 0) {
        throw new IOException("the file " + file + " is damaged");
      }
      return new Promises(file, channel, bootId(), newest);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static byte[] bootId() throws IOException {
    byte[] id = Files.readAllBytes(Path.of("/proc/sys/kernel/random/boot_id"));
    return Arrays.copyOf(
        new String(id, StandardCharsets.US_ASCII).replace("-", "").getBytes(StandardCharsets.UTF_8),
        16);
  }

  private static @Nullable Slot newer(@Nullable Slot a, @Nullable Slot b) {
    return a == null ? b : b == null || a.sequence > b.sequence ? a : b;
  }

  private static @Nullable Slot read(FileChannel channel, long at) throws IOException {
    ByteBuffer in = ByteBuffer.allocate(BYTES);
    while (in.hasRemaining() && channel.read(in, at + in.position()) >= 0) {
      // until the slot or the file ends
    }
    return in.hasRemaining() ? null : decode(in.array());
  }

  static @Nullable Slot decode(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    if (bytes.length != BYTES
        || in.getInt(0) != MAGIC
        || in.getInt(4) != FORMAT
        || in.getInt(BYTES - 4) != crc(bytes, BYTES - 4)) {
      return null;
    }
    byte[] boot = new byte[16];
    in.get(16, boot);
    long term = in.getLong(40);
    Vote vote = term < 0 ? null : new Vote(term, in.getInt(52) != 0, in.getInt(56));
    return new Slot(in.getLong(8), boot, new Known(in.getLong(32), vote, in.getInt(48)));
  }

  static int crc(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }

  /** What is known of before this start. */
  synchronized Known known() {
    return known;
  }

  /** Whether the machine has run ever since that was written, so that nothing of it is missing. */
  boolean sameBoot() {
    return sameBoot;
  }

  /** Whether nothing was ever written here. */
  boolean fresh() {
    return fresh;
  }

  /**
   * Everything was looked at and is right: from now on it is noted as it changes.
   *
   * @param index to which the log is on media
   * @param current the library's directory with vote and members
   */
  void begin(String name, long index, Path current) throws IOException {
    synchronized (this) {
      known = new Known(index, known.vote, known.conf);
      note(current);
      write();
      channel.force(true);
      dirty = false;
    }
    watcher = Thread.ofPlatform().name(name + "-promises").daemon().start(() -> watch(current));
  }

  /**
   * The log is synced up to here; nobody was told yet.
   *
   * @throws UncheckedIOException if that cannot be noted: then nobody may be told
   */
  synchronized void synced(long index) {
    long honest = Math.min(index, ceiling);
    if (honest > known.index) {
      known = new Known(honest, known.vote, known.conf);
      try {
        write();
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot write " + file, e);
      }
    }
  }

  /**
   * A leader has the log cut off from here on: those entries were never decided. What is still
   * being synced of them must not raise the index again, until something later was {@link
   * #decided}.
   */
  synchronized void cut(long from) {
    ceiling = Math.min(ceiling, from - 1);
    if (known.index > ceiling) {
      known = new Known(ceiling, known.vote, known.conf);
      try {
        write();
        channel.force(false);
      } catch (IOException e) {
        LOG.warn("Cannot lower the promise in {}: {}", file, e.toString());
      }
    }
  }

  /** An entry was committed: it is never cut off. */
  synchronized void decided(long index) {
    if (index > ceiling) {
      ceiling = NO_CEILING;
    }
  }

  private void write() throws IOException {
    Vote vote = known.vote;
    ByteBuffer out =
        ByteBuffer.allocate(BYTES)
            .putInt(MAGIC)
            .putInt(FORMAT)
            .putLong(++sequence)
            .put(boot)
            .putLong(known.index)
            .putLong(vote == null ? -1 : vote.term())
            .putInt(known.conf)
            .putInt(vote != null && vote.given() ? 1 : 0)
            .putInt(vote == null ? 0 : vote.crc());
    out.putInt(crc(out.array(), BYTES - 4)).flip();
    long at = sequence % 2 == 0 ? 0 : SECOND;
    while (out.hasRemaining()) {
      channel.write(out, at + out.position());
    }
    dirty = true;
  }

  private void watch(Path current) {
    while (running) {
      try {
        Thread.sleep(PERIOD_MS);
        boolean sync;
        synchronized (this) {
          if (note(current)) {
            write();
          }
          sync = dirty;
          dirty = false;
        }
        if (sync) {
          channel.force(false);
        }
      } catch (InterruptedException e) {
        return;
      } catch (IOException e) {
        if (running) {
          LOG.warn("Cannot keep {} up to date: {}", file, e.toString());
        }
      }
    }
  }

  /** Looks at vote and members. @return whether either changed */
  private boolean note(Path current) throws IOException {
    Vote vote = Vote.read(current.resolve(Vote.FILE));
    int conf = confCrc(current);
    Known now =
        new Known(known.index, vote == null ? known.vote : vote, conf == 0 ? known.conf : conf);
    boolean changed = !now.equals(known);
    known = now;
    return changed;
  }

  /** CRC32C of the file with the members, 0 if there is none. */
  static int confCrc(Path current) throws IOException {
    Path conf = current.resolve(StartCheck.CONF_FILE);
    if (!Files.exists(conf)) {
      return 0;
    }
    byte[] bytes = Files.readAllBytes(conf);
    return crc(bytes, bytes.length);
  }

  @Override
  public void close() {
    running = false;
    Thread t = watcher;
    if (t != null) {
      t.interrupt();
    }
    try {
      if (t != null) {
        var _ = t.join(java.time.Duration.ofSeconds(10));
      }
      channel.close();
    } catch (IOException e) {
      LOG.warn("Cannot close {}: {}", file, e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
