package dev.ashlar.simulation;

import dev.ashlar.master.raft.LogApplier;
import dev.ashlar.master.raft.ReadLease;
import dev.ashlar.master.raft.ReplicationException;
import dev.ashlar.master.raft.Replicator;
import dev.ashlar.master.server.EmbeddedMaster;
import dev.ashlar.master.store.Applied;
import dev.ashlar.master.store.WriteTxn;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One master's part in the replicated log, for one life. It stands in for the library that does
 * this in production, and does to the masters what that may do: it loses leaders and what they had
 * not replicated, leaves the outcome of proposals open, applies entries again after a crash. Reads
 * rest on the same lease as in production.
 */
final class SimRaft implements Replicator {
  private static final long MS = 1_000_000;
  private static final long TICK_NS = 100 * MS;
  private static final long BEAT_NS = 200 * MS;
  private static final long PROPOSE_TICK_NS = 500 * MS;
  private static final long ELECTION_NS = 1_000 * MS;
  private static final long GATHER_NS = 200_000;
  private static final long SYNC_NS = 1_000_000;
  private static final int BATCH = 64;

  private enum Role {
    FOLLOWER,
    CANDIDATE,
    LEADER
  }

  private record Proposal(byte @Nullable [] command, CompletableFuture<byte[]> reply) {}

  private final String name;
  private final List<String> members;
  private final Map<String, SimRaft> running;
  private final RaftDisk disk;
  private final SimWorld world;
  private final SimNetwork network;
  private final Agreement agreement;
  private final Random random;
  private final LogApplier applier = EmbeddedMaster.applier();
  private final ReadLease lease = new ReadLease(ELECTION_NS * 7 / 10, true);
  private final List<Proposal> waiting = new ArrayList<>();
  private final TreeMap<Long, List<Proposal>> underWay = new TreeMap<>();
  private final Map<Long, Long> submitted = new HashMap<>();
  private final Map<String, Long> next = new HashMap<>();
  private final Map<String, Long> match = new HashMap<>();
  private final Map<String, Long> heardFrom = new HashMap<>();
  private final Set<String> votes = new HashSet<>();
  private Role role = Role.FOLLOWER;
  private String leader = "";
  private long heardNs;
  private long patienceNs;
  private long committed;
  private long firstOfTerm;
  private long beatNs;
  private long tickedNs;
  private boolean gathering;
  private boolean forgetful;

  SimRaft(
      String name,
      List<String> members,
      Map<String, SimRaft> running,
      RaftDisk disk,
      SimWorld world,
      SimNetwork network,
      Agreement agreement,
      Random random) {
    this.name = name;
    this.members = members;
    this.running = running;
    this.disk = disk;
    this.world = world;
    this.network = network;
    this.agreement = agreement;
    this.random = random;
    committed = Math.max(0, disk.store().applied().index());
    running.put(name, this);
    waitForLeader();
    tick();
  }

  /** From now on proposals are carried out, but nobody is told. */
  void forgetful(boolean on) {
    forgetful = on;
  }

  private long now() {
    return world.nanoTime();
  }

  private void waitForLeader() {
    heardNs = now();
    patienceNs = ELECTION_NS + random.nextLong(ELECTION_NS);
  }

  private void later(long ns, Runnable action) {
    world
        .scheduler()
        .after(
            ns,
            () -> {
              if (world.life().dead()) {
                return;
              }
              long pause = world.life().pausedUntilNs() - world.scheduler().nowNs();
              if (pause > 0) {
                later(pause, action);
              } else {
                action.run();
              }
            });
  }

  private void tick() {
    later(TICK_NS, this::tick);
    long now = now();
    if (role == Role.LEADER) {
      if (now - beatNs >= BEAT_NS) {
        beatNs = now;
        others()
            .forEach(o -> {
              next.put(o, match.getOrDefault(o, 0L) + 1);
              replicate(o);
            });
      }
      if (isLeader() && now - tickedNs >= PROPOSE_TICK_NS) {
        tickedNs = now;
        var _ = propose(EmbeddedMaster.tick());
      }
      if (others().stream()
                  .filter(o -> now - heardFrom.getOrDefault(o, now) < 4 * ELECTION_NS)
                  .count()
              + 1
          <= members.size() / 2) {
        follow(disk.term, "");
      }
    } else if (now - heardNs >= patienceNs) {
      stand();
    }
  }

  private List<String> others() {
    return members.stream().filter(m -> !m.equals(name)).toList();
  }

  /** Runs at another master, if the message gets there. */
  private void tell(String other, java.util.function.Consumer<SimRaft> what) {
    network.datagram(
        name,
        other,
        () -> {
          SimRaft r = running.get(other);
          if (r != null && !r.world.life().dead()) {
            r.later(0, () -> what.accept(r));
          }
        });
  }

  private void stand() {
    role = Role.CANDIDATE;
    disk.term++;
    disk.votedFor = name;
    votes.clear();
    votes.add(name);
    leader = "";
    waitForLeader();
    long term = disk.term;
    long last = disk.last();
    long lastTerm = disk.termAt(last);
    others().forEach(o -> tell(o, r -> r.asked(name, term, last, lastTerm)));
    elected();
  }

  private void asked(String candidate, long term, long last, long lastTerm) {
    boolean led = role == Role.LEADER || !leader.isEmpty() && now() - heardNs < ELECTION_NS;
    if (led) {
      return; // leases rest on this
    }
    if (term > disk.term) {
      follow(term, "");
    }
    boolean upToDate =
        lastTerm > disk.termAt(disk.last())
            || lastTerm == disk.termAt(disk.last()) && last >= disk.last();
    if (term == disk.term
        && upToDate
        && (disk.votedFor.isEmpty() || disk.votedFor.equals(candidate))) {
      disk.votedFor = candidate;
      waitForLeader();
      tell(candidate, r -> r.voted(name, term));
    }
  }

  private void voted(String by, long term) {
    if (role == Role.CANDIDATE && term == disk.term) {
      votes.add(by);
      elected();
    }
  }

  private void elected() {
    if (role != Role.CANDIDATE || votes.size() <= members.size() / 2) {
      return;
    }
    role = Role.LEADER;
    leader = name;
    next.clear();
    match.clear();
    heardFrom.clear();
    others()
        .forEach(o -> {
          next.put(o, disk.last() + 1);
          match.put(o, 0L);
          heardFrom.put(o, now());
        });
    beatNs = now();
    agreement.leads(name, disk.term);
    firstOfTerm = append(List.of());
  }

  private void follow(long term, String newLeader) {
    if (term > disk.term) {
      disk.term = term;
      disk.votedFor = "";
    }
    if (role == Role.LEADER) {
      List<Proposal> lost = new ArrayList<>(waiting);
      waiting.clear();
      underWay.values().forEach(lost::addAll);
      underWay.clear();
      submitted.clear();
      lost.forEach(p -> p.reply.completeExceptionally(retry("This master leads no longer")));
    }
    role = Role.FOLLOWER;
    leader = newLeader;
    waitForLeader();
  }

  private static ReplicationException retry(String why) {
    return new ReplicationException(ReplicationException.Kind.RETRY, why);
  }

  /** Appends an entry of this term. Returns its index. */
  private long append(List<Proposal> proposals) {
    List<byte[]> commands = new ArrayList<>();
    for (Proposal p : proposals) {
      if (p.command != null) {
        commands.add(p.command);
      }
    }
    disk.append(new RaftDisk.Entry(disk.term, world.wallNs(), commands));
    long index = disk.last();
    underWay.put(index, proposals);
    submitted.put(index, now());
    long term = disk.term;
    later(
        SYNC_NS,
        () -> {
          if (disk.term == term && role == Role.LEADER) {
            disk.synced(index);
            advance();
          }
        });
    others().forEach(this::replicate);
    return index;
  }

  private void replicate(String other) {
    long from = next.getOrDefault(other, disk.last() + 1);
    long to = Math.min(disk.last(), from + BATCH - 1);
    List<RaftDisk.Entry> entries = new ArrayList<>();
    for (long i = from; i <= to; i++) {
      entries.add(disk.entry(i));
    }
    next.put(other, to + 1);
    long term = disk.term;
    long before = from - 1;
    long beforeTerm = disk.termAt(before);
    long commit = committed;
    tell(other, r -> r.received(name, term, before, beforeTerm, entries, commit));
  }

  private void received(
      String from,
      long term,
      long before,
      long beforeTerm,
      List<RaftDisk.Entry> entries,
      long commit) {
    if (term < disk.term) {
      long mine = disk.term;
      tell(from, r -> r.answered(name, mine, false, 0));
      return;
    }
    if (term > disk.term || role != Role.FOLLOWER || !leader.equals(from)) {
      follow(term, from);
    }
    heardNs = now();
    if (before > disk.last() || disk.termAt(before) != beforeTerm) {
      long hint = Math.min(disk.last(), before - 1);
      tell(from, r -> r.answered(name, term, false, hint));
      return;
    }
    long index = before;
    for (RaftDisk.Entry e : entries) {
      index++;
      if (index <= disk.last() && disk.termAt(index) != e.term()) {
        if (index <= committed) {
          throw new Violation(name + " would lose committed entry " + index);
        }
        disk.cut(index);
      }
      if (index > disk.last()) {
        disk.append(e);
      }
    }
    long reached = index;
    later(
        SYNC_NS,
        () -> {
          if (disk.term != term || disk.last() < reached) {
            return;
          }
          disk.synced(reached);
          commit(Math.min(commit, reached));
          tell(from, r -> r.answered(name, term, true, reached));
        });
  }

  private void answered(String by, long term, boolean good, long index) {
    if (term > disk.term) {
      follow(term, "");
      return;
    }
    if (role != Role.LEADER || term != disk.term) {
      return;
    }
    heardFrom.put(by, now());
    if (good) {
      match.merge(by, index, Math::max);
      advance();
      if (next.getOrDefault(by, 0L) <= disk.last()) {
        replicate(by);
      }
    } else {
      next.put(by, Math.max(1, Math.max(match.getOrDefault(by, 0L), index) + 1));
      replicate(by);
    }
  }

  private void advance() {
    List<Long> reached = new ArrayList<>(List.of(disk.synced()));
    others().forEach(o -> reached.add(match.getOrDefault(o, 0L)));
    reached.sort(null);
    long majority = reached.get((members.size() - 1) / 2);
    if (majority > committed && disk.termAt(majority) == disk.term) {
      commit(majority);
    }
  }

  private void commit(long to) {
    while (committed < to && committed < disk.last()) {
      committed++;
      apply(committed);
    }
  }

  private void apply(long index) {
    RaftDisk.Entry entry = disk.entry(index);
    List<byte[]> replies = new ArrayList<>();
    try (WriteTxn txn = disk.store().write()) {
      for (byte[] command : entry.commands()) {
        replies.add(applier.apply(txn, entry.timeNs(), command));
      }
      agreement.applied(name, index, entry, replies, txn);
      txn.setApplied(new Applied(entry.term(), index));
      txn.commit();
    }
    disk.applied(index);
    Long at = submitted.remove(index);
    if (at != null && role == Role.LEADER) {
      lease.renew(disk.term, at);
    }
    List<Proposal> proposals = underWay.remove(index);
    if (proposals != null) {
      answer(proposals, replies);
    }
  }

  private void answer(List<Proposal> proposals, List<byte[]> replies) {
    int n = 0;
    for (Proposal p : proposals) {
      byte[] reply = p.command == null ? new byte[0] : replies.get(n++);
      if (forgetful && random.nextBoolean()) {
        p.reply.completeExceptionally(retry("The reply is not known any more; repeat the command"));
      } else {
        p.reply.complete(reply);
      }
    }
  }

  @Override
  public CompletableFuture<byte[]> propose(byte[] command) {
    return enqueue(new Proposal(command, new CompletableFuture<>()));
  }

  private CompletableFuture<byte[]> enqueue(Proposal p) {
    if (world.life().dead()) {
      return p.reply;
    }
    if (role != Role.LEADER) {
      return CompletableFuture.failedFuture(
          new ReplicationException(ReplicationException.Kind.NOT_LEADER, "not the leader"));
    }
    waiting.add(p);
    if (!gathering) {
      gathering = true;
      later(
          GATHER_NS,
          () -> {
            gathering = false;
            if (role == Role.LEADER && !waiting.isEmpty()) {
              List<Proposal> some = List.copyOf(waiting);
              waiting.clear();
              append(some);
            }
          });
    }
    return p.reply;
  }

  @Override
  public CompletableFuture<Void> readBarrier() {
    if (isLeader() && lease.valid(disk.term, now())) {
      return CompletableFuture.completedFuture(null);
    }
    return enqueue(new Proposal(null, new CompletableFuture<>())).thenAccept(reply -> {});
  }

  @Override
  public boolean isLeader() {
    return role == Role.LEADER && committed >= firstOfTerm;
  }

  @Override
  public long term() {
    return disk.term;
  }

  @Override
  public String leader() {
    return leader;
  }

  @Override
  public long appliedIndex() {
    return disk.store().applied().index();
  }

  @Override
  public List<Member> members() {
    return members.stream().map(m -> new Member(m, m + ":2")).toList();
  }

  @Override
  public List<String> reachable() {
    return role == Role.LEADER ? others() : List.of();
  }

  @Override
  public Map<String, Long> committed() {
    return Map.of();
  }

  @Override
  public String snapshot() {
    return "";
  }

  @Override
  public void transfer(String member) {}

  @Override
  public void add(Member member) {}

  @Override
  public void remove(String member) {}

  @Override
  public void close() {
    running.remove(name, this);
  }
}
