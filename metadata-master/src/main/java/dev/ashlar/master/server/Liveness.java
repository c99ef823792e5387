package dev.ashlar.master.server;

import dev.ashlar.master.state.ClusterView;
import dev.ashlar.master.state.Health;
import dev.ashlar.master.state.LogCommand;
import dev.ashlar.master.state.Rows.DiskRow;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.master.state.Rows.ServerRow;
import dev.ashlar.master.state.Topology;
import dev.ashlar.protocol.message.MasterRequest.DiskReport;
import dev.ashlar.protocol.message.MasterRequest.DiskState;
import dev.ashlar.protocol.message.MasterRequest.Heartbeat;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Who is alive: the heartbeats of one leader's term. A server is known by its name; what it listed
 * last is what it has. A new leader knows nothing, so everybody counts as silent since it began:
 * suspect, and down only after the full time. Time comes in with each call (any monotonic clock,
 * ns). Thread-safe.
 */
final class Liveness implements ClusterView {
  private final long suspectNs;
  private final long downNs;
  private final long reportNs;
  private long beganNs;
  private final LongSupplier clock;
  private final Map<String, Server> servers = new HashMap<>();
  private final Map<Long, Disk> disks = new HashMap<>();
  private Topology topology;

  /** How long an unanswered wish for digests waits before it is repeated. */
  private static final long ASK_AGAIN_NS = 30_000_000_000L;

  /**
   * Digests asked for with one heartbeat: each makes the master read the chunks of all groups on
   * the disk.
   */
  private static final int ASK_AT_ONCE = 4;

  /**
   * The first wait before digests that differed are compared again; each next one is twice as long.
   */
  private static final long COMPARE_AGAIN_NS = 2_000_000_000L;

  private static final class Server {
    long boot;
    long beats;

    /** Last heartbeat, moved on by the time in which this process could not hear. */
    long heardNs;

    /** Last heartbeat, as it was. */
    long beatNs;

    String address = "";
    int freeSlots;
  }

  private static final class Disk {
    final String server;
    DiskReport report;
    boolean listed = true;
    long digestNs;
    boolean digestDue = true;
    long askedNs;
    boolean asked;
    long notBeforeNs;
    long waitNs = COMPARE_AGAIN_NS;

    Disk(String server, DiskReport report) {
      this.server = server;
      this.report = report;
    }

    /** Something happened to it: what it has is to be compared soon. */
    void due(long now) {
      digestDue = true;
      asked = false;
      notBeforeNs = now;
      waitNs = COMPARE_AGAIN_NS;
    }
  }

  /**
   * What a heartbeat means: commands to propose, and whether tasks that this server had are lost
   * because it started anew.
   */
  record Heard(List<LogCommand> commands, boolean restarted) {}

  Liveness(Timing timing, Topology topology, LongSupplier clock) {
    suspectNs = timing.suspectAfter().toNanos();
    downNs = timing.downAfter().toNanos();
    reportNs = timing.reportPeriod().toNanos();
    this.topology = topology;
    this.clock = clock;
    beganNs = clock.getAsLong();
  }

  /**
   * This process stood still for so long: nobody could be heard, so nobody is held to have been
   * silent.
   */
  synchronized void stoodStill(long ns) {
    beganNs += ns;
    servers.values().forEach(s -> s.heardNs += ns);
  }

  /**
   * The topology as it is now. A disk that lost its place in a group may still have blocks there,
   * which only its report can show.
   */
  synchronized void topology(Topology t) {
    if (t == topology) {
      return;
    }
    long now = clock.getAsLong();
    for (GroupRow before : topology.groups().values()) {
      GroupRow after = t.groups().get(before.id());
      if (after == null || after.epoch() != before.epoch()) {
        left(before.members(), after, now);
        left(before.replacements(), after, now);
      }
    }
    topology = t;
  }

  private void left(long[] members, @Nullable GroupRow after, long now) {
    for (long id : members) {
      Disk disk = disks.get(id);
      if (disk != null && (after == null || !after.has(id))) {
        disk.due(now);
      }
    }
  }

  /** Takes a heartbeat. */
  synchronized Heard heard(Heartbeat h) {
    long now = clock.getAsLong();
    Server s = servers.computeIfAbsent(h.server(), n -> new Server());
    boolean restarted = s.beats > 0 && s.boot != h.boot();
    boolean returned = s.beats > 0 && now - s.heardNs >= suspectNs;
    if (s.boot != h.boot()) {
      s.beats = 0;
    }
    s.boot = h.boot();
    s.beats++;
    s.heardNs = now;
    s.beatNs = now;
    s.address = h.address();
    s.freeSlots = Math.max(0, h.freeSlots());
    List<LogCommand> commands = new ArrayList<>();
    ServerRow row = topology.servers().get(h.server());
    if (row == null || !row.address().equals(h.address()) || !row.domain().equals(h.domain())) {
      commands.add(new LogCommand.RegisterServer(h.server(), h.address(), h.domain()));
    }
    for (DiskReport d : h.disks()) {
      if (d.disk() != 0) {
        listed(h, d, s, returned || restarted, now, commands);
      }
    }
    unlisted(h, commands);
    return new Heard(commands, restarted);
  }

  private void listed(
      Heartbeat h, DiskReport d, Server s, boolean anew, long now, List<LogCommand> commands) {
    Disk known = disks.get(d.disk());
    if (known != null
        && !known.server.equals(h.server())
        && known.listed
        && !silent(known.server, now)) {
      return; // a copy of a disk that is in service elsewhere: the first one counts
    }
    if (known == null || !known.server.equals(h.server())) {
      known = new Disk(h.server(), d);
      disks.put(d.disk(), known);
    }
    boolean up = d.state() != DiskState.FAILED;
    if (anew || !known.listed || up && known.report.state() == DiskState.FAILED) {
      known.due(now);
    }
    known.report = d;
    known.listed = true;
    DiskRow row = topology.disks().get(d.disk());
    boolean settled =
        s.beats > 1; // by then the server has heard the cluster's id and put disks of others out of
    // service
    if (row == null) {
      if (settled && up) {
        commands.add(
            new LogCommand.RegisterDisk(d.disk(), h.server(), d.path(), "", d.capacityBytes()));
      }
    } else {
      if (settled
          && (!row.server().equals(h.server())
              || !row.path().equals(d.path())
              || row.capacityBytes() != d.capacityBytes() && d.capacityBytes() > 0)) {
        commands.add(
            new LogCommand.RegisterDisk(
                d.disk(), h.server(), d.path(), row.domain(), d.capacityBytes()));
      }
      if (up == (row.state() == DiskState.FAILED)) {
        commands.add(new LogCommand.SetDiskState(d.disk(), up ? DiskState.UP : DiskState.FAILED));
      }
    }
  }

  /** A disk that its server had and does not list any more is lost at once. */
  private void unlisted(Heartbeat h, List<LogCommand> commands) {
    for (DiskRow row : topology.disks().values()) {
      boolean elsewhere =
          disks.containsKey(row.id()) && !disks.get(row.id()).server.equals(h.server());
      if (row.server().equals(h.server())
          && !elsewhere
          && h.disks().stream().noneMatch(d -> d.disk() == row.id())) {
        Disk known = disks.computeIfAbsent(row.id(), id -> new Disk(h.server(), gone(row)));
        known.listed = false;
        known.report = gone(row);
        if (row.state() != DiskState.FAILED) {
          commands.add(new LogCommand.SetDiskState(row.id(), DiskState.FAILED));
        }
      }
    }
  }

  private static DiskReport gone(DiskRow row) {
    return new DiskReport(
        row.id(),
        row.path(),
        DiskState.FAILED,
        row.capacityBytes(),
        0,
        0,
        0,
        "its server does not list it any more");
  }

  private boolean silent(String server, long now) {
    Server s = servers.get(server);
    return s == null || now - s.heardNs >= suspectNs;
  }

  private long silentNs(String server, long now) {
    Server s = servers.get(server);
    return now - (s == null ? beganNs : s.heardNs);
  }

  @Override
  public synchronized DiskView disk(long disk) {
    long now = clock.getAsLong();
    DiskRow row = topology.disks().get(disk);
    Disk known = disks.get(disk);
    String server = known != null ? known.server : row != null ? row.server() : "";
    if (server.isEmpty()) {
      return DiskView.UNKNOWN;
    }
    Server s = servers.get(server);
    ServerRow registered = topology.servers().get(server);
    String address = s != null ? s.address : registered != null ? registered.address() : "";
    long capacity =
        known != null ? known.report.capacityBytes() : row != null ? row.capacityBytes() : 0;
    return new DiskView(
        health(known, row, server, now),
        address,
        capacity,
        known == null ? 0 : known.report.freeBytes());
  }

  private Health health(@Nullable Disk known, @Nullable DiskRow row, String server, long now) {
    if (known == null
        ? row != null && row.state() == DiskState.FAILED
        : known.report.state() == DiskState.FAILED) {
      return Health.LOST;
    }
    long silent = silentNs(server, now);
    if (silent >= downNs) {
      return Health.DOWN;
    }
    if (known == null || silent >= suspectNs) {
      return Health.SUSPECT;
    }
    return known.report.state() == DiskState.FULL ? Health.FULL : Health.UP;
  }

  /** The view as it is now, of all registered disks: constant. */
  synchronized ClusterView snapshot() {
    Map<Long, DiskView> views = new HashMap<>();
    topology.disks().keySet().forEach(d -> views.put(d, disk(d)));
    return d -> views.getOrDefault(d, DiskView.UNKNOWN);
  }

  /** Name of the server that has the disk, if that is in touch. */
  synchronized @Nullable String liveServer(long disk) {
    Disk d = disks.get(disk);
    return d == null || !d.listed || silent(d.server, clock.getAsLong()) ? null : d.server;
  }

  /** Slots for tasks that live servers said they have free, by name. */
  synchronized Map<String, Integer> freeSlots() {
    long now = clock.getAsLong();
    Map<String, Integer> free = new HashMap<>();
    servers.forEach((name, s) -> {
      if (now - s.heardNs < suspectNs) {
        free.put(name, s.freeSlots);
      }
    });
    return free;
  }

  /** Disks of this server whose digests are due, counted as asked for. */
  synchronized long[] wanted(String server) {
    long now = clock.getAsLong();
    List<Long> wanted = new ArrayList<>();
    for (Map.Entry<Long, Disk> e : disks.entrySet()) {
      Disk d = e.getValue();
      boolean due = d.digestDue && now - d.notBeforeNs >= 0 || now - d.digestNs >= reportNs;
      boolean waiting = d.asked && now - d.askedNs < ASK_AGAIN_NS;
      if (d.server.equals(server)
          && d.listed
          && d.report.state() != DiskState.FAILED
          && due
          && !waiting
          && topology.disks().containsKey(e.getKey())
          && wanted.size() < ASK_AT_ONCE) {
        d.asked = true;
        d.askedNs = now;
        wanted.add(e.getKey());
      }
    }
    return wanted.stream().mapToLong(d -> d).toArray();
  }

  /** The digests of a disk came in, and all is as it should be. */
  synchronized void agreed(long disk) {
    Disk d = disks.get(disk);
    if (d != null) {
      d.digestDue = false;
      d.digestNs = clock.getAsLong();
      d.asked = false;
      d.waitNs = COMPARE_AGAIN_NS;
    }
  }

  /**
   * The digests of a disk came in and differ, be it because files are being written. They are
   * compared again, after ever longer waits, until they agree: what a judgement left alone for the
   * moment, because a deletion was under way, must not stay for ever.
   */
  synchronized void differed(long disk) {
    Disk d = disks.get(disk);
    if (d != null) {
      long now = clock.getAsLong();
      d.digestDue = true;
      d.digestNs = now;
      d.asked = false;
      d.notBeforeNs = now + d.waitNs;
      d.waitNs = Math.min(2 * d.waitNs, Math.max(COMPARE_AGAIN_NS, reportNs));
    }
  }

  /** Whether the disk is this server's, as far as this leader heard. */
  synchronized boolean owns(String server, long disk) {
    Disk d = disks.get(disk);
    return d != null && d.server.equals(server);
  }

  synchronized @Nullable DiskReport report(long disk) {
    Disk d = disks.get(disk);
    return d == null ? null : d.report;
  }

  /**
   * @param silentMs since the last heartbeat, or since this leader began; the state also takes into
   *     account that this process may have stood still
   */
  record ServerView(String address, long silentMs, String state) {}

  synchronized ServerView server(ServerRow row) {
    Server s = servers.get(row.server());
    long now = clock.getAsLong();
    long silent = silentNs(row.server(), now);
    String state = silent >= downNs ? "down" : s == null || silent >= suspectNs ? "suspect" : "up";
    return s == null
        ? new ServerView(row.address(), silent / 1_000_000, state)
        : new ServerView(s.address, (now - s.beatNs) / 1_000_000, state);
  }
}
