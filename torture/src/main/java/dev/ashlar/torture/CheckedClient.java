package dev.ashlar.torture;

import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.ClientConfig;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One client in a directory of its own that does one thing after the other, remembers what it was
 * told, and checks what it sees against that. Throws an AssertionError when it sees what may not
 * be. Runs on one thread.
 */
public abstract class CheckedClient implements AutoCloseable {
  /**
   * What an operation may answer when processes die, within what the policy tolerates; more of them
   * than that may be away before the last ones are healed.
   */
  static final Set<ErrorCode> KILLS =
      Set.of(
          ErrorCode.TIMEOUT,
          ErrorCode.UNAVAILABLE,
          ErrorCode.RETRY,
          ErrorCode.NOT_LEADER,
          ErrorCode.LEASE_LOST,
          ErrorCode.SESSION_EXPIRED,
          ErrorCode.DATA_AWAY);

  /**
   * What it may answer besides when anything happens: disks are full, the servers that took a write
   * are members of its group no more, and more servers are away than the policy tolerates. For now:
   * when all is put right, none of it is excused.
   */
  static final Set<ErrorCode> ANYTHING =
      Set.of(ErrorCode.NO_SPACE, ErrorCode.CONFLICT, ErrorCode.DATA_LOST);

  final AshlarFileSystem files;
  final String path;
  final Random random;
  private final AtomicLong answered;
  private final Set<ErrorCode> excused;
  private long unknown;

  /**
   * Connects and makes the directory.
   *
   * @param answered counts operations that were answered, of all clients together
   * @param patience how long an operation looks for a master
   * @param anything whether {@link #ANYTHING} may happen, or just {@link #KILLS}
   */
  CheckedClient(
      String masters,
      String path,
      long seed,
      AtomicLong answered,
      Duration patience,
      boolean anything)
      throws AshlarException {
    this.files = AshlarFileSystem.connect(ClientConfig.of(masters).withMasterDeadline(patience));
    this.path = path;
    this.random = new Random(seed);
    this.answered = answered;
    this.excused = EnumSet.copyOf(KILLS);
    if (anything) {
      excused.addAll(ANYTHING);
    }
    files.mkdirs(path, 0755);
  }

  /** Does one thing, and takes failures for what they are. */
  public final void step() throws IOException {
    try {
      act();
      answered.incrementAndGet();
    } catch (AshlarException e) {
      if (!excused.contains(e.code())) {
        throw new AssertionError(path + ": " + e.code() + ": " + e.getMessage(), e);
      }
      unknown++;
      outcomeUnknown();
    }
  }

  /** One operation, with its checks. */
  abstract void act() throws IOException;

  /**
   * The last operation may take effect at any time from now on: what it touched is not touched
   * again, so that nothing else depends on when.
   */
  abstract void outcomeUnknown();

  /** Everything acknowledged is there, nothing else is. */
  public final void verifyAll() throws IOException {
    verifyAll((_, e) -> {
      throw e;
    });
  }

  /** What becomes of a file that cannot be read. */
  interface Unreadable {
    /** May throw it, to end the check. */
    void file(String path, AshlarException e) throws AshlarException;
  }

  /** As {@link #verifyAll()}, where it is not sure that every file can be read. */
  abstract void verifyAll(Unreadable unreadable) throws IOException;

  interface Check {
    void run() throws IOException;
  }

  final void verify(String name, Unreadable unreadable, Check check) throws IOException {
    try {
      check.run();
    } catch (AshlarException e) {
      unreadable.file(path + "/" + name, e);
    }
  }

  final long directory() throws AshlarException {
    return files.resolve(path).attr().inode();
  }

  /** How many operations were not answered. */
  public final long unknown() {
    return unknown;
  }

  @Override
  public void close() {
    files.close();
  }
}
