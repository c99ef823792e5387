package dev.ashlar.torture;

import dev.ashlar.client.StageOptions;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Replaces a file of several chunks by whole new versions, or reads it while another client does:
 * all bytes must be of one version, and of none older than one known before the read began. Runs on
 * one thread.
 */
final class ReplaceWorker extends CheckedClient {
  private static final int MOST_CHUNKS = 6;

  private final Replaced file;
  private final boolean writes;
  private final String policy;
  private final int chunkBytes;
  private int stamp;

  /**
   * @param policy of the file
   * @param chunkBytes of that policy; the file has several
   */
  ReplaceWorker(
      String masters,
      String path,
      long seed,
      AtomicLong answered,
      Replaced file,
      boolean writes,
      String policy,
      int chunkBytes)
      throws AshlarException {
    super(masters, path, seed, answered, Duration.ofSeconds(30), true);
    this.file = file;
    this.writes = writes;
    this.policy = policy;
    this.chunkBytes = chunkBytes;
  }

  @Override
  void act() throws IOException {
    if (writes) {
      replace();
    } else {
      read();
    }
  }

  private void replace() throws IOException {
    Replaced.State now = file.now();
    Stamped content = new Stamped(++stamp, chunkBytes + random.nextInt(MOST_CHUNKS * chunkBytes));
    content.put(files, directory(), now.name(), StageOptions.DEFAULT.withPolicy(policy));
    now.floor().accumulateAndGet(content.stamp(), Math::max);
  }

  private void read() throws IOException {
    Replaced.State now = file.now();
    int floor = now.floor().get();
    Stamped seen;
    try {
      seen = Stamped.read(files, files.lookup(directory(), now.name()).inode());
    } catch (AshlarException e) {
      if (e.code() != ErrorCode.NOT_FOUND && e.code() != ErrorCode.VERSION_GONE) {
        throw e;
      }
      // Not made yet; or replaced meanwhile, which may take the old version from under a reader
      // whose pin a new leader does not know. Then it must have been replaced.
      if (floor > 0 && now.floor().get() == floor && now == file.now()) {
        mustBeThere(now, floor);
      }
      return;
    }
    if (seen.stamp() < floor) {
      throw new AssertionError(
          path + "/" + now.name() + " shows stamp " + seen.stamp() + " after " + floor);
    }
    now.floor().accumulateAndGet(seen.stamp(), Math::max);
  }

  private void mustBeThere(Replaced.State now, int floor) throws AshlarException {
    try {
      var _ = files.lookup(directory(), now.name());
    } catch (AshlarException e) {
      if (e.code() == ErrorCode.NOT_FOUND) {
        throw new AssertionError(
            path + "/" + now.name() + " is gone after stamp " + floor + " was there", e);
      }
      throw e;
    }
  }

  @Override
  void outcomeUnknown() {
    if (writes) {
      file.next();
    }
  }

  @Override
  void verifyAll(Unreadable unreadable) throws IOException {
    Replaced.State now = file.now();
    if (!writes && now.floor().get() > 0) {
      verify(now.name(), unreadable, this::read);
    }
  }
}
