package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.message.MasterReply.Opened;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A pack that was staged in one step with the commit of the one before, for small files that come
 * soon after: they save a command. It is given back after a moment without any. Thread-safe; has
 * one thread while it keeps something.
 */
final class SparePack {
  /** For messages. */
  static final String NAME = "a pack of small files";

  private static final Duration IDLE = Duration.ofSeconds(1);

  private final ClientServices services;
  private final ReentrantLock lock = new ReentrantLock();
  private String policy = "";
  private @Nullable StagedContent spare;
  private boolean watched;

  SparePack(ClientServices services) {
    this.services = services;
  }

  /**
   * Keeps what was staged.
   *
   * @param asked policy that its files ask for, empty for their directories'
   * @param fits whether files like the last ones can be put into it
   */
  void put(String asked, Opened staged, boolean fits) {
    StagedContent fresh;
    try {
      fresh = StagedContent.of(services, NAME, staged, 1);
    } catch (AshlarException e) {
      return; // given back already, and the next files do without
    }
    if (!keep(asked, fresh, fits)) {
      fresh.close();
    }
  }

  private boolean keep(String asked, StagedContent fresh, boolean fits) {
    lock.lock();
    try {
      if (!fits || spare != null) {
        return false;
      }
      policy = asked;
      spare = fresh;
      if (!watched) {
        watched = true;
        services.world().startLight("ashlar-client-pack-spare", this::watch);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Gives back what nobody has taken for a while, and ends when there is nothing. */
  private void watch() {
    StagedContent seen = null;
    boolean interrupted = false;
    while (true) {
      try {
        services.world().sleep(IDLE.toNanos());
      } catch (InterruptedException e) {
        interrupted = true; // it is given back now
      }
      lock.lock();
      try {
        if (spare == null || spare == seen || interrupted) {
          seen = spare;
          spare = null;
          watched = false;
          break;
        }
        seen = spare;
      } finally {
        lock.unlock();
      }
    }
    if (seen != null) {
      seen.close();
    }
  }

  /** The pack for files that ask for this policy, null if there is none. */
  @Nullable StagedContent take(String asked) {
    lock.lock();
    try {
      if (spare == null || !policy.equals(asked)) {
        return null;
      }
      StagedContent taken = spare;
      spare = null;
      return taken;
    } finally {
      lock.unlock();
    }
  }
}
