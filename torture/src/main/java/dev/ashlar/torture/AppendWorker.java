package dev.ashlar.torture;

import dev.ashlar.client.FileHandle;
import dev.ashlar.client.FileReader;
import dev.ashlar.client.OpenMode;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Appends pieces to a file, syncing after each, and reads it whole now and then: it must be all
 * pieces that were acknowledged. A file whose last piece has an unknown outcome may end with it or
 * not. Runs on one thread.
 */
final class AppendWorker extends CheckedClient {
  private static final int MOST_PIECES = 40;
  private static final int MOST_BYTES = 300_000;

  /**
   * One file that was written.
   *
   * @param sure pieces acknowledged
   * @param perhaps the bytes after them whose outcome is unknown
   */
  private record Appended(String name, List<byte[]> sure, byte[] perhaps) {}

  private final List<Appended> finished = new ArrayList<>();
  private List<byte[]> sure = new ArrayList<>();
  private byte[] perhaps = new byte[0];
  private boolean made;
  private int number;
  private @Nullable FileHandle handle;

  /** Connects; see {@link CheckedClient}. */
  AppendWorker(String masters, String path, long seed, AtomicLong answered) throws AshlarException {
    super(masters, path, seed, answered, Duration.ofSeconds(30), true);
  }

  private String name() {
    return "log-" + number;
  }

  @Override
  void act() throws IOException {
    int what = random.nextInt(10);
    if (!made) {
      handle = files.create(directory(), name(), 0644, true, "");
      made = true;
    } else if (sure.size() >= MOST_PIECES) {
      release();
      next();
    } else if (what < 2) {
      release();
    } else if (what < 7) {
      append();
    } else {
      check(new Appended(name(), sure, perhaps));
    }
  }

  private void append() throws AshlarException {
    FileHandle h = handle;
    if (h == null) {
      h = files.open(files.lookup(directory(), name()).inode(), OpenMode.APPEND);
      handle = h;
    }
    byte[] piece = new byte[1 + random.nextInt(MOST_BYTES)];
    new Random(random.nextLong()).nextBytes(piece);
    perhaps = piece;
    var _ = files.append(h, ByteBuffer.wrap(piece));
    var _ = files.fsync(h);
    sure.add(piece);
    perhaps = new byte[0];
  }

  private void release() throws AshlarException {
    FileHandle h = handle;
    handle = null;
    if (h != null) {
      files.release(h);
    }
  }

  /** Goes on with another file. */
  private void next() {
    if (made) {
      finished.add(new Appended(name(), sure, perhaps));
    }
    number++;
    sure = new ArrayList<>();
    perhaps = new byte[0];
    made = false;
    handle = null;
  }

  @Override
  void outcomeUnknown() {
    FileHandle h = handle;
    handle = null;
    if (h != null) {
      try {
        files.release(h); // so that its lease does not stay until this client ends
      } catch (AshlarException e) {
        // whatever this says, nothing depends on it: the file is not written again
      }
    }
    next();
  }

  private void check(Appended file) throws IOException {
    byte[] content = readAll(file.name);
    int at = 0;
    for (byte[] piece : file.sure) {
      if (!startsAt(content, at, piece)) {
        throw new AssertionError(
            path
                + "/"
                + file.name
                + ", "
                + content.length
                + " bytes, lacks what was acknowledged at "
                + at);
      }
      at += piece.length;
    }
    boolean whole = content.length == at;
    if (!whole
        && !(content.length == at + file.perhaps.length && startsAt(content, at, file.perhaps))) {
      throw new AssertionError(
          path + "/" + file.name + " has " + content.length + " bytes but was given " + at);
    }
  }

  private static boolean startsAt(byte[] content, int at, byte[] piece) {
    return content.length >= at + piece.length
        && ByteBuffer.wrap(content, at, piece.length).equals(ByteBuffer.wrap(piece));
  }

  private byte[] readAll(String name) throws IOException {
    try (FileReader reader = files.reader(files.lookup(directory(), name).inode())) {
      ByteBuffer content = ByteBuffer.allocate((int) reader.size());
      while (content.hasRemaining()) {
        if (reader.read(content.position(), content) < 0) {
          throw new AssertionError(path + "/" + name + " ends early, at " + content.position());
        }
      }
      return content.array();
    }
  }

  @Override
  void verifyAll(Unreadable unreadable) throws IOException {
    if (made) {
      FileHandle h = handle;
      handle = null;
      if (h != null) {
        files.release(h);
      }
      verify(name(), unreadable, () -> check(new Appended(name(), sure, perhaps)));
    }
    for (Appended file : finished) {
      verify(file.name, unreadable, () -> checkIfThere(file));
    }
  }

  private void checkIfThere(Appended file) throws IOException {
    try {
      check(file);
    } catch (AshlarException e) {
      if (e.code() != ErrorCode.NOT_FOUND || !file.sure.isEmpty()) {
        throw e;
      } // perhaps it was never made
    }
  }
}
