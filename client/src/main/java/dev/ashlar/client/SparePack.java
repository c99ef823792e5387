package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.message.MasterReply.Opened;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A pack that was staged in one step with the commit of the one before, for small files that come
 * soon after: they save a command. It is given back after a moment without any. Thread-safe.
 */
final class SparePack {
  /** For messages. */
  static final String NAME = "a pack of small files";

  private static final Duration IDLE = Duration.ofSeconds(1);

  private final ClientServices services;
  private final ReentrantLock lock = new ReentrantLock();
  private String policy = "";
  private @Nullable StagedContent spare;

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
    StagedContent useless = fresh;
    lock.lock();
    try {
      if (fits && spare == null) {
        policy = asked;
        spare = fresh;
        useless = null;
      }
    } finally {
      lock.unlock();
    }
    if (useless != null) {
      useless.close();
    } else {
      services.world().startLight("ashlar-client-pack-spare", () -> giveBack(fresh));
    }
  }

  private void giveBack(StagedContent unused) {
    try {
      services.world().sleep(IDLE.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // it is given back now
    }
    lock.lock();
    try {
      if (spare != unused) {
        return;
      }
      spare = null;
    } finally {
      lock.unlock();
    }
    unused.close();
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

  /** Whether files have been packed a moment ago. */
  boolean there() {
    lock.lock();
    try {
      return spare != null;
    } finally {
      lock.unlock();
    }
  }
}
