package dev.ashlar.master.raft;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.fail;

import dev.ashlar.master.raft.Replicator.Member;
import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.master.store.WriteTxn;
import dev.ashlar.protocol.AshlarException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/**
 * Replicators in one JVM whose state machine counts: a command names a counter, the reply is how
 * often it was seen. "bug" is a command that fails.
 */
final class TestGroup implements AutoCloseable {
  static final RaftSettings SETTINGS =
      new RaftSettings(
          Duration.ofMillis(600),
          Duration.ofMillis(1200),
          500_000,
          100_000,
          1 << 20,
          true,
          1L << 30,
          false);
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final UUID ID = UUID.fromString("0b5e5e2e-7d6c-4d9a-9d0b-0d4b6a0f3c11");

  private final Path root;
  private final RaftSettings settings;
  private final List<Member> members = new ArrayList<>();
  private final Map<String, RatisReplicator> running = new HashMap<>();
  final List<String> fatal = Collections.synchronizedList(new ArrayList<>());

  TestGroup(Path root, int size, RaftSettings settings) throws Exception {
    this.root = root;
    this.settings = settings;
    for (int i = 1; i <= size; i++) {
      members.add(new Member("n" + i, "127.0.0.1:" + freePort()));
    }
    for (Member m : members) {
      start(m.name());
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket s = new ServerSocket()) {
      s.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      return s.getLocalPort();
    }
  }

  Path dir(String name) {
    return root.resolve(name);
  }

  RaftSetup setup(String name) {
    Member me = members.stream().filter(m -> m.name().equals(name)).findFirst().orElseThrow();
    return new RaftSetup(name, ID, dir(name), me.raftAddress(), members, settings);
  }

  RatisReplicator start(String name) throws AshlarException {
    RatisReplicator r =
        RatisReplicator.start(
            setup(name),
            TestGroup::apply,
            () -> "tick".getBytes(UTF_8),
            (why, cause) -> fatal.add(name + ": " + why));
    running.put(name, r);
    return r;
  }

  private static byte[] apply(WriteTxn txn, long timeNs, byte[] command) {
    if (Objects.equals(new String(command, UTF_8), "bug")) {
      throw new IllegalStateException("a bug");
    }
    byte[] key = Arrays.copyOf(command, Math.min(command.length, 100));
    byte[] old = txn.get(key);
    byte[] now =
        Integer.toString(1 + (old == null ? 0 : Integer.parseInt(new String(old, UTF_8))))
            .getBytes(UTF_8);
    txn.put(key, now);
    return now;
  }

  void stop(String name) {
    RatisReplicator r = running.remove(name);
    if (r != null) {
      r.close();
    }
  }

  RatisReplicator get(String name) {
    return Objects.requireNonNull(running.get(name));
  }

  RatisReplicator leader() {
    await("a leader", () -> running.values().stream().anyMatch(Replicator::isLeader));
    return running.values().stream().filter(Replicator::isLeader).findFirst().orElseThrow();
  }

  String leaderName() {
    RatisReplicator leader = leader();
    return running.entrySet().stream()
        .filter(e -> e.getValue() == leader)
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseThrow();
  }

  String followerName() {
    String leader = leaderName();
    return running.keySet().stream().filter(n -> !n.equals(leader)).findFirst().orElseThrow();
  }

  /** Counts until it is decided. A repetition after an unknown outcome may count twice. */
  int count(String counter) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() - deadline < 0) {
      try {
        return Integer.parseInt(new String(get(leader().propose(counter.getBytes(UTF_8))), UTF_8));
      } catch (ExecutionException e) {
        pause(20);
      }
    }
    return fail("Waited in vain for " + counter + " to be counted");
  }

  static <T> T get(CompletableFuture<T> future) throws ExecutionException {
    try {
      return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException | TimeoutException e) {
      throw new IllegalStateException(e);
    }
  }

  static int read(RatisReplicator r, String counter) {
    try (ReadTxn txn = r.store().read()) {
      byte[] v = txn.get(counter.getBytes(UTF_8));
      return v == null ? 0 : Integer.parseInt(new String(v, UTF_8));
    }
  }

  static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        fail("Waited in vain for " + what);
      }
      pause(20);
    }
  }

  static void pause(long ms) {
    try {
      if (new CountDownLatch(1).await(ms, TimeUnit.MILLISECONDS)) {
        throw new IllegalStateException();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    List.copyOf(running.keySet()).forEach(this::stop);
  }
}
