package dev.ashlar.master.raft;

import dev.ashlar.master.raft.ReplicationException.Kind;
import dev.ashlar.master.store.LmdbStore;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.exceptions.NotLeaderException;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The log by Apache Ratis, used as a replicated log only. Its own reads are never used: in the
 * version at hand they return stale data once one read was confirmed at an index. Instead the
 * leader proposes a tick every {@link RaftSettings#TICK} while anybody reads, and every entry that
 * succeeds renews a {@link ReadLease}; without one, a read goes through the log.
 */
public final class RatisReplicator implements Replicator {
  private static final java.time.Duration CLOSE_LIMIT = java.time.Duration.ofSeconds(10);
  private static final Logger LOG = LoggerFactory.getLogger(RatisReplicator.class);
  private static final long REACHABLE_MS = 3_000;
  private static final int REPLY_THREADS = 2;

  private final RaftSetup setup;
  private final RaftPeerId me;
  private final RaftGroupId group;
  private final LogStateMachine machine;
  private final RaftServer server;
  private final RaftServer.Division division;
  private final ReadLease lease;
  private final Grouper grouper;
  private final RatisAdmin admin;
  private final ExecutorService replies;
  private final ScheduledExecutorService ticker;

  /** When somebody read last. */
  private volatile long readNs = System.nanoTime();

  /** When this master proposed its last tick. The ticker's thread only. */
  private long tickedNs = System.nanoTime();

  private final ClientId client = ClientId.randomId();
  private final AtomicLong calls = new AtomicLong();
  private volatile boolean closed;

  /**
   * Starts, which replays what the store has not applied yet. Blocks for seconds.
   *
   * @param tick a command that changes nothing but the time
   * @throws AshlarException with a sentence that says what to do; nothing is left running
   */
  public static RatisReplicator start(
      RaftSetup setup, LogApplier applier, Supplier<byte[]> tick, FatalHandler fatal)
      throws AshlarException {
    InetSocketAddress address = address(setup.raftAddress());
    StartFailure.checkPort(setup.name(), address);
    DurableNames.require();
    outlastLease(setup.settings().timeoutMin());
    Promises promises;
    try {
      promises = Promises.open(setup.dir());
    } catch (IOException | RuntimeException e) {
      throw unopened(setup, e);
    }
    LogStateMachine machine = new LogStateMachine(setup, promises, applier, fatal);
    RaftServer server = null;
    try {
      machine.check();
      server = build(setup, machine, address);
      server.start();
      RatisReplicator started = new RatisReplicator(setup, machine, server, tick);
      server = null;
      return started;
    } catch (IOException | RuntimeException e) {
      machine.stopping();
      closeQuietly(server);
      promises.close();
      throw StartFailure.explain(setup, e);
    }
  }

  static AshlarException unopened(RaftSetup setup, Exception e) {
    return e instanceof IOException
        ? StartFailure.damaged(setup, "what it promised is unknown: " + e.getMessage())
        : StartFailure.explain(setup, e);
  }

  /** Where a master keeps what it promised, in its directory. Never empty once it started. */
  public static Path promises(Path dir) {
    return dir.resolve(Promises.FILE);
  }

  /**
   * A process that died may have promised its vote to a leader that still counts on it: no vote is
   * given before that leader's lease has run out, which is shorter than an election timeout.
   */
  private static void outlastLease(Duration timeout) throws AshlarException {
    Instant born = ProcessHandle.current().info().startInstant().orElseGet(Instant::now);
    Duration rest = timeout.minus(Duration.between(born, Instant.now()));
    if (rest.isPositive()) {
      try {
        TimeUnit.NANOSECONDS.sleep(Math.min(rest.toNanos(), timeout.toNanos()));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AshlarException(ErrorCode.UNAVAILABLE, "This master is stopping", e);
      }
    }
  }

  private static InetSocketAddress address(String hostPort) throws AshlarException {
    int colon = hostPort.lastIndexOf(':');
    try {
      return new InetSocketAddress(
          hostPort.substring(0, Math.max(0, colon)),
          Integer.parseInt(hostPort.substring(colon + 1)));
    } catch (IllegalArgumentException e) {
      throw new AshlarException(
          ErrorCode.INVALID, "A Raft address is written HOST:PORT, not '" + hostPort + "'", e);
    }
  }

  private static RaftServer build(
      RaftSetup setup, LogStateMachine machine, InetSocketAddress address) throws IOException {
    RaftGroupId id = RaftGroupId.valueOf(setup.group());
    List<RaftPeer> peers = setup.members().stream().map(RatisAdmin::peer).toList();
    return RaftServer.newBuilder()
        .setServerId(RaftPeerId.valueOf(setup.name()))
        .setGroup(peers.isEmpty() ? RaftGroup.valueOf(id) : RaftGroup.valueOf(id, peers))
        .setProperties(
            RatisProperties.of(
                setup.dir().resolve("raft"),
                address.getHostString(),
                address.getPort(),
                setup.settings(),
                rank(setup)))
        .setStateMachine(machine)
        .setOption(RaftStorage.StartupOption.RECOVER)
        .build();
  }

  private static int rank(RaftSetup setup) {
    return (int) setup.members().stream().filter(m -> m.name().compareTo(setup.name()) < 0).count();
  }

  private RatisReplicator(
      RaftSetup setup, LogStateMachine machine, RaftServer server, Supplier<byte[]> tick)
      throws IOException {
    this.setup = setup;
    this.machine = machine;
    this.server = server;
    me = RaftPeerId.valueOf(setup.name());
    group = RaftGroupId.valueOf(setup.group());
    division = server.getDivision(group);
    lease = new ReadLease(setup.settings().lease().toNanos(), setup.settings().readLease());
    replies =
        Executors.newFixedThreadPool(
            REPLY_THREADS,
            Thread.ofPlatform().name(setup.name() + "-reply-", 0).daemon().factory());
    grouper = new Grouper(setup.name(), this::append, RatisReplicator::wallClockNs, Grouper.GATHER);
    admin = new RatisAdmin(server, division, machine, lease);
    ticker =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name(setup.name() + "-tick").daemon().factory());
    Duration period = RaftSettings.TICK;
    var _ =
        ticker.scheduleAtFixedRate(() -> tick(tick), 0, period.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static long wallClockNs() {
    return TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis());
  }

  /** Nobody reads, nobody needs the lease; every tick is a sync on every master. */
  private void tick(Supplier<byte[]> command) {
    try {
      long now = System.nanoTime();
      boolean due =
          now - readNs < RaftSettings.READING.toNanos()
              || now - tickedNs >= RaftSettings.IDLE_TICK.toNanos();
      if (due && isLeader() && !admin.transferring()) {
        tickedNs = now;
        var _ = grouper.propose(command.get());
      }
    } catch (RuntimeException e) {
      LOG.warn("{} could not propose a tick: {}", setup.name(), e.toString());
    }
  }

  /**
   * The store that the log is applied to: for reading, after {@link #readBarrier}. Owned by the
   * replicator.
   */
  public LmdbStore store() {
    return machine.store();
  }

  @Override
  public CompletableFuture<byte[]> propose(byte[] command) {
    return grouper.propose(command);
  }

  @Override
  public CompletableFuture<Void> readBarrier() {
    readNs = System.nanoTime();
    if (isLeader() && lease.valid(term(), System.nanoTime())) {
      return CompletableFuture.completedFuture(null);
    }
    return grouper.barrier().thenApply(reply -> null);
  }

  private CompletableFuture<List<byte[]>> append(Entry entry) {
    long term = term();
    long submitted = System.nanoTime();
    CompletableFuture<RaftClientReply> done;
    try {
      done = server.submitClientRequestAsync(request(entry.encode()));
    } catch (IOException e) {
      done = CompletableFuture.failedFuture(e);
    }
    CompletableFuture<List<byte[]>> result = new CompletableFuture<>();
    var _ =
        done.whenCompleteAsync(
            (reply, failure) -> {
              if (reply != null && reply.isSuccess()) {
                lease.renew(term, submitted);
                result.complete(
                    Entry.decodeReplies(reply.getMessage().getContent().asReadOnlyByteBuffer()));
              } else {
                result.completeExceptionally(refusal(reply, failure));
              }
            },
            replies);
    return result;
  }

  private RaftClientRequest request(byte[] payload) {
    return RaftClientRequest.newBuilder()
        .setClientId(client)
        .setServerId(me)
        .setGroupId(group)
        .setCallId(calls.incrementAndGet())
        .setMessage(Message.valueOf(UnsafeByteOperations.unsafeWrap(ByteBuffer.wrap(payload))))
        .setType(RaftClientRequest.writeRequestType())
        .build();
  }

  private static ReplicationException refusal(
      @Nullable RaftClientReply reply, @Nullable Throwable failure) {
    NotLeaderException notLeader = reply == null ? null : reply.getNotLeaderException();
    if (notLeader != null) {
      return new ReplicationException(Kind.NOT_LEADER, "This master does not lead");
    }
    return new ReplicationException(
        Kind.RETRY, "The log gave no answer: " + (reply == null ? failure : reply.getException()));
  }

  @Override
  public boolean isLeader() {
    return !closed && division.getInfo().isLeaderReady();
  }

  @Override
  public long term() {
    return division.getInfo().getCurrentTerm();
  }

  @Override
  public String leader() {
    RaftPeerId id = division.getInfo().getLeaderId();
    return id == null ? "" : id.toString();
  }

  @Override
  public long appliedIndex() {
    return machine.store().applied().index();
  }

  @Override
  public List<Member> members() {
    return division.getRaftConf().getCurrentPeers().stream()
        .map(p -> new Member(p.getId().toString(), p.getAddress()))
        .toList();
  }

  @Override
  public List<String> reachable() {
    RoleInfoProto role = division.getInfo().getRoleInfoProto();
    if (!role.hasLeaderInfo()) {
      return List.of();
    }
    return role.getLeaderInfo().getFollowerInfoList().stream()
        .filter(f -> f.getLastRpcElapsedTimeMs() < REACHABLE_MS)
        .map(f -> f.getId().getId().toStringUtf8())
        .toList();
  }

  @Override
  public Map<String, Long> committed() {
    Map<String, Long> indexes = new HashMap<>();
    division
        .getCommitInfos()
        .forEach(c -> indexes.put(c.getServer().getId().toStringUtf8(), c.getCommitIndex()));
    return indexes;
  }

  @Override
  public String snapshot() throws AshlarException {
    return admin.snapshot();
  }

  @Override
  public void transfer(String member) throws AshlarException {
    admin.transfer(member);
  }

  @Override
  public void add(Member member) throws AshlarException {
    admin.add(member);
  }

  @Override
  public void remove(String member) throws AshlarException {
    admin.remove(member);
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    ticker.shutdownNow();
    grouper.close();
    machine.stopping();
    closeQuietly(server);
    machine.promises().close();
    replies.shutdown();
  }

  private static void closeQuietly(@Nullable RaftServer server) {
    if (server == null) {
      return;
    }
    // Ratis waits without a limit for its apply thread, which never ends once applying has failed.
    Thread closing =
        Thread.ofPlatform()
            .daemon()
            .name("raft-close")
            .start(() -> {
              try {
                server.close();
              } catch (IOException | RuntimeException e) {
                LOG.warn("Raft did not close cleanly: {}", e.toString());
              }
            });
    try {
      if (!closing.join(CLOSE_LIMIT)) {
        LOG.warn("Raft did not close within {} s", CLOSE_LIMIT.toSeconds());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
