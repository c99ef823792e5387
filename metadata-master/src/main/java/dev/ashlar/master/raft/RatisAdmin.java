package dev.ashlar.master.raft;

import dev.ashlar.master.raft.Replicator.Member;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.SnapshotManagementRequest;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.server.RaftServer;

/** Snapshot, transfer and membership, run locally on this master. Blocking; one call at a time. */
final class RatisAdmin {
  private static final Duration SNAPSHOT_TIMEOUT = Duration.ofMinutes(2);
  private static final Duration TRANSFER_TIMEOUT = Duration.ofSeconds(5);

  private final RaftServer server;
  private final RaftServer.Division division;
  private final LogStateMachine machine;
  private final ReadLease lease;
  private final ClientId client = ClientId.randomId();
  private final AtomicLong calls = new AtomicLong();
  private volatile boolean transferring;

  RatisAdmin(
      RaftServer server, RaftServer.Division division, LogStateMachine machine, ReadLease lease) {
    this.server = server;
    this.division = division;
    this.machine = machine;
    this.lease = lease;
  }

  static RaftPeer peer(Member m) {
    return RaftPeer.newBuilder().setId(m.name()).setAddress(m.raftAddress()).build();
  }

  /** While true no ticks are proposed: leadership is being given away. */
  boolean transferring() {
    return transferring;
  }

  /**
   * The first request starts a copy, a later one, when it is finished, tells the library, which
   * then lets the log go.
   */
  synchronized String snapshot() throws AshlarException {
    long wanted = machine.store().applied().index();
    if (wanted < 0) {
      return "Nothing was written yet, so there is nothing to copy";
    }
    long deadline = System.nanoTime() + SNAPSHOT_TIMEOUT.toNanos();
    while (machine.snapshots().finished() < wanted) {
      if (System.nanoTime() - deadline > 0) {
        throw new AshlarException(
            ErrorCode.TIMEOUT,
            "The snapshot of "
                + division.getId()
                + " is not finished after "
                + SNAPSHOT_TIMEOUT.toSeconds()
                + " s; see its log");
      }
      requestSnapshot();
      pause();
    }
    requestSnapshot();
    return "Snapshot of " + division.getId() + " at index " + machine.snapshots().finished();
  }

  private void requestSnapshot() throws AshlarException {
    check(
        "write a snapshot",
        () ->
            server.snapshotManagement(
                SnapshotManagementRequest.newCreate(
                    client,
                    division.getId(),
                    division.getMemberId().getGroupId(),
                    calls.incrementAndGet(),
                    SNAPSHOT_TIMEOUT.toMillis(),
                    1)));
  }

  synchronized void transfer(String member) throws AshlarException {
    if (division.getRaftConf().getPeer(RaftPeerId.valueOf(member)) == null) {
      throw new AshlarException(
          ErrorCode.NOT_FOUND, "No master is called " + member + ": the masters are " + names());
    }
    transferring = true;
    lease.suspend();
    try {
      check(
          "hand leadership to " + member,
          () ->
              server.transferLeadership(
                  new TransferLeadershipRequest(
                      client,
                      division.getId(),
                      division.getMemberId().getGroupId(),
                      calls.incrementAndGet(),
                      RaftPeerId.valueOf(member),
                      TRANSFER_TIMEOUT.toMillis())));
    } finally {
      lease.resume(System.nanoTime());
      transferring = false;
    }
  }

  synchronized void add(Member member) throws AshlarException {
    RaftPeer known = division.getRaftConf().getPeer(RaftPeerId.valueOf(member.name()));
    if (known != null) {
      if (known.getAddress().equals(member.raftAddress())) {
        return;
      }
      throw new AshlarException(
          ErrorCode.EXISTS,
          "A master " + member.name() + " at " + known.getAddress() + " is a member already");
    }
    List<RaftPeer> now = peers();
    List<RaftPeer> then = new ArrayList<>(now);
    then.add(peer(member));
    change("add master " + member.name() + " at " + member.raftAddress(), now, then);
  }

  synchronized void remove(String member) throws AshlarException {
    List<RaftPeer> now = peers();
    List<RaftPeer> then = now.stream().filter(p -> !p.getId().toString().equals(member)).toList();
    if (then.isEmpty()) {
      throw new AshlarException(ErrorCode.INVALID, "The last master cannot be removed");
    }
    if (then.size() < now.size()) {
      change("remove master " + member, now, then);
    }
  }

  private void change(String what, List<RaftPeer> now, List<RaftPeer> then) throws AshlarException {
    SetConfigurationRequest.Arguments arguments =
        SetConfigurationRequest.Arguments.newBuilder()
            .setServersInCurrentConf(now)
            .setServersInNewConf(then)
            .setMode(SetConfigurationRequest.Mode.COMPARE_AND_SET)
            .build();
    check(
        what,
        () ->
            server.setConfiguration(
                new SetConfigurationRequest(
                    client,
                    division.getId(),
                    division.getMemberId().getGroupId(),
                    calls.incrementAndGet(),
                    arguments)));
  }

  private List<RaftPeer> peers() {
    Collection<RaftPeer> peers = division.getRaftConf().getCurrentPeers();
    return List.copyOf(peers);
  }

  private String names() {
    return String.join(", ", peers().stream().map(p -> p.getId().toString()).toList());
  }

  @FunctionalInterface
  private interface Call {
    RaftClientReply run() throws IOException;
  }

  private static void check(String what, Call call) throws AshlarException {
    try {
      RaftClientReply reply = call.run();
      if (!reply.isSuccess()) {
        ErrorCode code =
            reply.getNotLeaderException() != null ? ErrorCode.NOT_LEADER : ErrorCode.UNAVAILABLE;
        throw new AshlarException(code, "Cannot " + what + ": " + reply.getException());
      }
    } catch (AshlarException e) {
      throw e;
    } catch (IOException e) {
      throw new AshlarException(ErrorCode.UNAVAILABLE, "Cannot " + what + ": " + e.getMessage(), e);
    }
  }

  private static void pause() throws AshlarException {
    try {
      TimeUnit.MILLISECONDS.sleep(20);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AshlarException(ErrorCode.UNAVAILABLE, "This master is stopping", e);
    }
  }
}
