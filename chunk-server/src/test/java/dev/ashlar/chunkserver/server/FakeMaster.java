package dev.ashlar.chunkserver.server;

import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.TokenSigner;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterReply.Task;
import dev.ashlar.protocol.message.MasterReply.TokenKey;
import dev.ashlar.protocol.message.MasterRequest;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import dev.ashlar.protocol.message.MasterRequest.DiskReport;
import dev.ashlar.protocol.message.MasterRequest.TaskResult;
import dev.ashlar.protocol.rpc.Role;
import dev.ashlar.protocol.rpc.RpcRequest;
import dev.ashlar.protocol.rpc.RpcServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Stands in for the master process: hands out keys and tasks, remembers what chunk servers told it.
 */
final class FakeMaster implements AutoCloseable {
  static final long CLUSTER = 0x1234;
  private static final long HOUR_MS = 3_600_000;

  private final byte[] secret = "fake".getBytes(java.nio.charset.StandardCharsets.UTF_8);
  private final RpcServer server;
  private final Map<String, MasterRequest.Heartbeat> last = new HashMap<>();
  private final Map<String, List<Task>> tasks = new HashMap<>();
  private final Map<String, List<Long>> ordered = new HashMap<>();
  private final List<Long> unlisted = new ArrayList<>();
  private final Map<Long, TaskResult> results = new HashMap<>();
  private final List<BadBlock> bad = new ArrayList<>();
  private final List<MasterRequest.BlockReport> reports = new ArrayList<>();
  private final List<Long> wanted = new ArrayList<>();
  private Predicate<BlockKey> garbage = b -> false;
  private long cluster = CLUSTER;
  private String leader = "";
  private int refused;
  private long nextTask;

  FakeMaster() throws IOException {
    server =
        RpcServer.start(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            "fake-master",
            Role.MASTER,
            this::handle);
  }

  String address() {
    return server.address().getAddress().getHostAddress() + ":" + server.address().getPort();
  }

  private void handle(RpcRequest request) {
    request.payload().release();
    synchronized (this) {
      if (!leader.isEmpty()) {
        refused++;
        notifyAll();
        request.fail(ErrorCode.NOT_LEADER, leader);
        return;
      }
      switch (request.message()) {
        case MasterRequest.Heartbeat h -> request.reply(orders(h));
        case MasterRequest.BlockDigests d ->
            request.reply(
                new MasterReply.ReportWanted(
                    d.groups().stream().mapToLong(MasterRequest.GroupDigest::group).toArray(), 1));
        case MasterRequest.BlockReport r -> {
          reports.add(r);
          request.reply(
              new MasterReply.Verdict(
                  r.blocks().stream()
                      .map(MasterRequest.BlockEntry::block)
                      .filter(garbage)
                      .toList()));
        }
        case MasterRequest.ReportBad b -> {
          bad.add(new BadBlock(b.block(), b.disk(), b.reason()));
          request.reply(new MasterReply.Done());
        }
        default -> request.fail(ErrorCode.INVALID, "not faked");
      }
      notifyAll();
    }
  }

  private MasterReply.Orders orders(MasterRequest.Heartbeat h) {
    last.put(h.server(), h);
    List<Long> open = ordered.getOrDefault(h.server(), List.of());
    open.stream()
        .filter(t -> Arrays.stream(h.tasks()).noneMatch(has -> has == t) && !results.containsKey(t))
        .forEach(unlisted::add);
    h.results().forEach(r -> results.put(r.task(), r));
    bad.addAll(h.bad());
    List<Task> mine = tasks.remove(h.server());
    if (mine != null) {
      ordered
          .computeIfAbsent(h.server(), s -> new ArrayList<>())
          .addAll(mine.stream().map(Task::id).toList());
    }
    long[] disks = wanted.stream().mapToLong(Long::longValue).toArray();
    wanted.clear();
    return new MasterReply.Orders(
        cluster, List.of(new TokenKey(1, secret)), mine == null ? List.of() : mine, disks);
  }

  synchronized void cluster(long id) {
    cluster = id;
  }

  /** From now on another one leads; empty: this one. */
  synchronized void leader(String hostPort) {
    leader = hostPort;
  }

  synchronized void garbage(Predicate<BlockKey> which) {
    garbage = which;
  }

  synchronized void want(long disk) {
    wanted.add(disk);
  }

  synchronized long taskId() {
    return ++nextTask;
  }

  synchronized void order(String to, Task task) {
    tasks.computeIfAbsent(to, s -> new ArrayList<>()).add(task);
  }

  TaskResult result(long task) throws InterruptedException {
    return await("the result of task " + task, () -> results.get(task));
  }

  BadBlock bad(BlockKey block) throws InterruptedException {
    return await(
        "a report that " + block + " is bad",
        () -> bad.stream().filter(b -> b.block().equals(block)).findFirst().orElse(null));
  }

  synchronized List<BadBlock> allBad() {
    return List.copyOf(bad);
  }

  /** Tasks that a heartbeat after their order neither listed nor answered. */
  synchronized List<Long> unlisted() {
    return List.copyOf(unlisted);
  }

  synchronized void forget() {
    last.clear();
    reports.clear();
    bad.clear();
  }

  /** Waits until somebody was told that another one leads. */
  void awaitRefusal() throws InterruptedException {
    var _ = await("a refusal", () -> refused > 0 ? refused : null);
  }

  MasterRequest.Heartbeat heartbeat(String name) throws InterruptedException {
    return await("a heartbeat of " + name, () -> last.get(name));
  }

  MasterRequest.Heartbeat heartbeat(String name, Predicate<MasterRequest.Heartbeat> that)
      throws InterruptedException {
    return await(
        "a certain heartbeat of " + name,
        () -> {
          MasterRequest.Heartbeat h = last.get(name);
          return h != null && that.test(h) ? h : null;
        });
  }

  DiskReport disk(String name, long disk, Predicate<DiskReport> that) throws InterruptedException {
    return await(
        "a certain report of disk " + disk,
        () -> {
          MasterRequest.Heartbeat h = last.get(name);
          return h == null
              ? null
              : h.disks().stream()
                  .filter(d -> d.disk() == disk && that.test(d))
                  .findFirst()
                  .orElse(null);
        });
  }

  MasterRequest.BlockReport report(long disk, long group) throws InterruptedException {
    return await(
        "a block report",
        () ->
            reports.stream()
                .filter(r -> r.disk() == disk && r.group() == group)
                .findFirst()
                .orElse(null));
  }

  private interface Look<T> {
    @org.jspecify.annotations.Nullable
    T look();
  }

  private synchronized <T> T await(String what, Look<T> look) throws InterruptedException {
    long end = System.nanoTime() + 30_000_000_000L;
    while (true) {
      T found = look.look();
      if (found != null) {
        return found;
      }
      long ms = (end - System.nanoTime()) / 1_000_000;
      if (ms <= 0) {
        throw new AssertionError("No " + what + " came in time");
      }
      wait(ms);
    }
  }

  BlockToken token(long chunk, long version, long epoch, long group) {
    return new TokenSigner(1, secret)
        .sign(
            chunk,
            version,
            BlockToken.READ | BlockToken.WRITE,
            epoch,
            group,
            System.currentTimeMillis() + HOUR_MS);
  }

  BlockToken readAll() {
    return new TokenSigner(1, secret)
        .sign(
            BlockToken.ANY_CHUNK,
            Long.MAX_VALUE,
            BlockToken.READ,
            0,
            0,
            System.currentTimeMillis() + HOUR_MS);
  }

  BlockToken sign(long chunk, long version, int rights, long epoch, long group, long expiresMs) {
    return new TokenSigner(1, secret).sign(chunk, version, rights, epoch, group, expiresMs);
  }

  @Override
  public void close() {
    server.close();
  }
}
