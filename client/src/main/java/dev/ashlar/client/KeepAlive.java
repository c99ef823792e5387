package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the masters every few seconds which leases and pins this client still holds. Thread-safe;
 * has one thread while it holds any.
 */
final class KeepAlive implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(KeepAlive.class);

  private final World world;
  private final MasterClient masters;
  private final Duration interval;
  private final ReentrantLock lock = new ReentrantLock();
  private final World.Signal changed;
  private final Set<Long> leases = new HashSet<>();
  private final Set<Long> lost = new HashSet<>();
  private final Map<Long, Integer> pins = new HashMap<>();
  private World.@Nullable Running thread;
  private boolean closed;

  KeepAlive(World world, MasterClient masters, Duration interval) {
    this.world = world;
    this.changed = world.signal();
    this.masters = masters;
    this.interval = interval;
  }

  void holdLease(long epoch) {
    lock.lock();
    try {
      leases.add(epoch);
      start();
    } finally {
      lock.unlock();
    }
  }

  void dropLease(long epoch) {
    lock.lock();
    try {
      leases.remove(epoch);
      lost.remove(epoch);
    } finally {
      lock.unlock();
    }
  }

  /** Whether the masters said that the lease is closed. */
  boolean isLost(long epoch) {
    lock.lock();
    try {
      return lost.contains(epoch);
    } finally {
      lock.unlock();
    }
  }

  void pin(long inode) {
    lock.lock();
    try {
      pins.merge(inode, 1, Integer::sum);
      start();
    } finally {
      lock.unlock();
    }
  }

  void unpin(long inode) {
    lock.lock();
    try {
      pins.computeIfPresent(inode, (i, count) -> count == 1 ? null : count - 1);
    } finally {
      lock.unlock();
    }
  }

  private void start() {
    if (thread == null && !closed) {
      thread = world.start("ashlar-client-keepalive", this::run);
    }
  }

  private void run() {
    while (true) {
      long[] epochs;
      long[] inodes;
      try {
        var _ = changed.await(interval.toNanos());
      } catch (InterruptedException e) {
        ended();
        return;
      }
      lock.lock();
      try {
        if (closed || (leases.isEmpty() && pins.isEmpty())) {
          thread = null;
          return;
        }
        epochs = leases.stream().mapToLong(Long::longValue).toArray();
        inodes = pins.keySet().stream().mapToLong(Long::longValue).toArray();
      } finally {
        lock.unlock();
      }
      renew(epochs, inodes);
    }
  }

  private void ended() {
    lock.lock();
    try {
      thread = null;
    } finally {
      lock.unlock();
    }
  }

  private void renew(long[] epochs, long[] inodes) {
    try {
      MasterReply.Alive alive =
          masters.query(
              new MasterRequest.KeepAlive(masters.clientId(), epochs, inodes),
              MasterReply.Alive.class);
      lock.lock();
      try {
        for (long epoch : alive.lost()) {
          if (leases.contains(epoch)) {
            lost.add(epoch);
          }
        }
      } finally {
        lock.unlock();
      }
    } catch (AshlarException e) {
      if (!Thread.currentThread().isInterrupted()) { // else it is being closed
        LOG.warn("Leases and pins could not be renewed: {}", e.getMessage());
      }
    }
  }

  @Override
  public void close() {
    World.Running running;
    lock.lock();
    try {
      closed = true;
      changed.raise();
      running = thread;
    } finally {
      lock.unlock();
    }
    if (running != null) {
      running.interrupt();
      var _ = running.join(TimeUnit.SECONDS.toMillis(10));
    }
  }
}
