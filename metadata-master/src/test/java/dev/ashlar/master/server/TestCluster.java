package dev.ashlar.master.server;

import static org.junit.jupiter.api.Assertions.fail;

import dev.ashlar.master.raft.RaftSettings;
import dev.ashlar.master.server.MasterConfig.Peer;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.rpc.Role;
import dev.ashlar.protocol.rpc.RpcClient;
import dev.ashlar.protocol.rpc.RpcReply;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** Masters with real sockets, logs and stores in one JVM, and a client of them. */
final class TestCluster implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration CALL = Duration.ofSeconds(5);
  private static final int SEGMENT = 1 << 20;

  /** Quick elections, small files. */
  static final RaftSettings SETTINGS =
      new RaftSettings(
          Duration.ofMillis(600),
          Duration.ofMillis(1200),
          500_000,
          100_000,
          SEGMENT,
          true,
          1L << 30,
          false);

  private final Path root;
  private final UnaryOperator<MasterConfig> tune;
  private final Map<String, Peer> peers = new TreeMap<>();
  private final Map<String, MasterServer> running = new TreeMap<>();
  private final RpcClient rpc = new RpcClient("test", Role.MASTER);
  final List<String> fatal = Collections.synchronizedList(new ArrayList<>());

  TestCluster(Path root, int masters, UnaryOperator<MasterConfig> tune) throws Exception {
    this.root = root;
    this.tune = tune;
    for (int i = 1; i <= masters; i++) {
      name("m" + i);
    }
    for (String m : List.copyOf(peers.keySet())) {
      start(m);
    }
    awaitStarted();
  }

  /** Gives a new master addresses. */
  Peer name(String master) throws IOException {
    Peer p = new Peer(master, "127.0.0.1:" + freePort(), "127.0.0.1:" + freePort());
    peers.put(master, p);
    return p;
  }

  private static int freePort() throws IOException {
    try (ServerSocket s = new ServerSocket()) {
      s.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      return s.getLocalPort();
    }
  }

  MasterConfig config(String master) {
    Peer me = peer(master);
    List<Peer> all =
        peers.values().stream().filter(p -> p.name().compareTo("m3") <= 0 || p.equals(me)).toList();
    return tune.apply(
        MasterConfig.of(master, root.resolve(master), me.clientAddress(), me.raftAddress(), all)
            .withRaft(SETTINGS)
            .withPolicy("mirror-1"));
  }

  MasterServer start(String master) throws AshlarException {
    return start(config(master));
  }

  MasterServer start(MasterConfig config) throws AshlarException {
    MasterServer s =
        MasterServer.start(config, (why, cause) -> fatal.add(config.name() + ": " + why));
    running.put(config.name(), s);
    return s;
  }

  void awaitStarted() throws AshlarException {
    for (MasterServer s : running.values()) {
      s.awaitStarted(PATIENCE);
    }
  }

  void stop(String master) {
    MasterServer s = running.remove(master);
    if (s != null) {
      s.close();
    }
  }

  void wipe(String master) throws IOException {
    List<Path> all;
    try (Stream<Path> walk = Files.walk(root.resolve(master))) {
      all = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path p : all) {
      Files.delete(p);
    }
  }

  Path dir(String master) {
    return root.resolve(master);
  }

  Peer peer(String master) {
    return Objects.requireNonNull(peers.get(master));
  }

  MasterServer server(String master) {
    return Objects.requireNonNull(running.get(master));
  }

  String leader() {
    await("a leader", () -> running.values().stream().anyMatch(MasterServer::leads));
    return running.entrySet().stream()
        .filter(e -> e.getValue().leads())
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse("none");
  }

  String follower() {
    String leader = leader();
    return running.keySet().stream().filter(m -> !m.equals(leader)).findFirst().orElse("none");
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

  /** One request to one master. */
  Message ask(String master, MasterRequest request) throws AshlarException {
    try (RpcReply reply = rpc.call(peer(master).clientAddress(), request, CALL)) {
      return reply.message();
    }
  }

  /** The request to whoever leads, again until it is decided. */
  Message call(MasterRequest request) throws AshlarException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    AshlarException last = null;
    while (System.nanoTime() - deadline < 0) {
      for (String m : List.copyOf(running.keySet())) {
        try {
          return ask(m, request);
        } catch (AshlarException e) {
          if (e.code() != ErrorCode.NOT_LEADER
              && e.code() != ErrorCode.RETRY
              && e.code() != ErrorCode.UNAVAILABLE
              && e.code() != ErrorCode.TIMEOUT) {
            throw e;
          }
          last = e;
        }
      }
      pause(20);
    }
    throw last == null ? new AshlarException(ErrorCode.UNAVAILABLE, "no masters") : last;
  }

  /** A client with a session. */
  final class Client {
    final long id;
    long seq;

    Client(long id) throws AshlarException {
      this.id = id;
      submit(new Command.OpenSession("test"));
    }

    Message submit(Command c) throws AshlarException {
      return call(next(c));
    }

    MasterRequest.Submit next(Command c) {
      return new MasterRequest.Submit(id, ++seq, seq, c);
    }

    long mkdir(String name) throws AshlarException {
      return ((MasterReply.AttrReply) submit(new Command.Mkdir(1, name, 0755, 0, 0)))
          .attr()
          .inode();
    }
  }

  @Override
  public void close() {
    List.copyOf(running.keySet()).forEach(this::stop);
    rpc.close();
  }
}
