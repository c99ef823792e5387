package dev.ashlar.master.server;

import dev.ashlar.master.state.LogCommand;
import dev.ashlar.master.state.Queries;
import dev.ashlar.master.state.Queries.Lease;
import dev.ashlar.master.state.Queries.Session;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which clients are alive: renews their leases and pins, proposes to close leases that were not
 * renewed, and to forget clients that were idle for long. Soft state; a lease that this leader has
 * not met before gets a full term, so a failover never costs anybody a lease. Thread-safe; {@link
 * #run} belongs to the duty thread.
 */
final class Leases {
  private static final Logger LOG = LoggerFactory.getLogger(Leases.class);
  private static final long SESSION_CHECK_NS = 60_000_000_000L;
  private static final int SESSIONS_PER_CHECK = 10_000;

  private final Metadata metadata;
  private final LongSupplier clock;
  private final LongSupplier wallNs;
  private final long termNs;
  private final long sessionNs;
  private final long beganNs;
  private final Map<Long, Long> leases = new HashMap<>();
  private final Map<Long, Map<Long, Long>> pins = new HashMap<>();
  private final Map<Long, Long> clients = new HashMap<>();
  private long leasesReadNs;
  private long sessionsCheckedNs;
  private long sessionCursor;

  Leases(Metadata metadata, Timing timing, LongSupplier clock, LongSupplier wallNs) {
    this.metadata = metadata;
    this.clock = clock;
    this.wallNs = wallNs;
    termNs = timing.leaseTimeout().toNanos();
    sessionNs = timing.sessionTimeout().toNanos();
    beganNs = clock.getAsLong();
    leasesReadNs = beganNs - termNs;
    sessionsCheckedNs = beganNs;
  }

  /** A client is alive and still wants these. The epochs must be open and its own. */
  synchronized void renew(long client, long[] epochs, long[] inodes) {
    long until = clock.getAsLong() + termNs;
    clients.put(client, clock.getAsLong());
    for (long epoch : epochs) {
      leases.put(epoch, until);
    }
    for (long inode : inodes) {
      pins.computeIfAbsent(inode, i -> new HashMap<>()).put(client, until);
    }
  }

  /** Whether a reader needs chunks that the file had. */
  synchronized boolean pinned(long inode) {
    Map<Long, Long> holders = pins.get(inode);
    if (holders != null) {
      long now = clock.getAsLong();
      holders.values().removeIf(until -> now - until >= 0);
      if (holders.isEmpty()) {
        pins.remove(inode);
        return false;
      }
      return true;
    }
    return false;
  }

  /**
   * This process stood still for so long: nobody could be heard, so nobody is held to have been
   * silent.
   */
  synchronized void stoodStill(long ns) {
    leases.replaceAll((epoch, until) -> until + ns);
    pins.values().forEach(holders -> holders.replaceAll((client, until) -> until + ns));
  }

  void run() {
    long now = clock.getAsLong();
    if (now - leasesReadNs >= termNs / 4) {
      leasesReadNs = now;
      meet(metadata.read(txn -> new Queries(txn).leases()), now);
    }
    long[] expired = expired(now);
    if (expired.length > 0) {
      LOG.info("{} leases were not renewed and are closed", expired.length);
      var _ = metadata.propose(new LogCommand.CloseLeases(expired));
    }
    if (now - sessionsCheckedNs >= SESSION_CHECK_NS) {
      sessionsCheckedNs = now;
      expireSessions(now);
    }
  }

  /** Gives leases that are new to this leader a full term, and forgets those that are closed. */
  private synchronized void meet(List<Lease> open, long now) {
    Map<Long, Long> before = new HashMap<>(leases);
    leases.clear();
    for (Lease l : open) {
      leases.put(l.epoch(), before.getOrDefault(l.epoch(), now + termNs));
    }
    for (Map<Long, Long> holders : pins.values()) {
      holders.values().removeIf(until -> now - until >= 0);
    }
    pins.values().removeIf(Map::isEmpty);
  }

  private synchronized long[] expired(long now) {
    long[] epochs =
        leases.entrySet().stream()
            .filter(e -> now - e.getValue() >= 0)
            .mapToLong(Map.Entry::getKey)
            .toArray();
    for (long e : epochs) {
      leases.put(e, now + termNs); // if the proposal is lost, it is made again
    }
    return epochs;
  }

  private void expireSessions(long now) {
    if (now - beganNs < Math.min(sessionNs, 10 * termNs)) {
      return; // clients that only read have not been heard by this leader yet
    }
    List<Long> idle = new ArrayList<>();
    long before = wallNs.getAsLong() - sessionNs;
    List<Session> page =
        metadata.read(txn -> new Queries(txn).sessions(sessionCursor, SESSIONS_PER_CHECK));
    sessionCursor = page.size() < SESSIONS_PER_CHECK ? 0 : page.getLast().client();
    for (Session s : page) {
      if (s.row().seenNs() < before && !heardSince(s.client(), now - sessionNs)) {
        idle.add(s.client());
      }
    }
    synchronized (this) {
      clients.values().removeIf(heard -> now - heard > sessionNs);
    }
    if (!idle.isEmpty()) {
      LOG.info("{} clients were idle for long and are forgotten", idle.size());
      var _ =
          metadata.propose(
              new LogCommand.ExpireSessions(idle.stream().mapToLong(c -> c).toArray()));
    }
  }

  private synchronized boolean heardSince(long client, long sinceNs) {
    Long heard = clients.get(client);
    return heard != null && heard - sinceNs > 0;
  }
}
