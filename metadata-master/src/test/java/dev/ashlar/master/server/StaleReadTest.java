package dev.ashlar.master.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.ashlar.master.server.MasterConfig.Peer;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.message.ClusterStatus;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.rpc.Role;
import dev.ashlar.protocol.rpc.RpcClient;
import dev.ashlar.protocol.rpc.RpcReply;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A leader is stopped with a signal, the others elect a new one that acknowledges a newer value,
 * and reads that reached the old one in between are let loose: none may return the old value. The
 * library's own reads fail this.
 */
@Tag("slow")
final class StaleReadTest {
  private static final int ROUNDS = 3;
  private static final int READS = 200;
  private static final Duration CALL = Duration.ofSeconds(3);
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @TempDir Path dir;
  private final Map<String, Peer> peers = new LinkedHashMap<>();
  private final Map<String, Process> processes = new LinkedHashMap<>();
  private final RpcClient rpc = new RpcClient("test", Role.MASTER);
  private long seq;

  @BeforeEach
  void start() throws IOException {
    for (String m : List.of("m1", "m2", "m3")) {
      peers.put(m, new Peer(m, "127.0.0.1:" + freePort(), "127.0.0.1:" + freePort()));
    }
    for (String m : peers.keySet()) {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
          .filter(a -> a.startsWith("--"))
          .forEach(command::add);
      command.addAll(
          List.of(
              "-Xmx256m",
              "-XX:+UseSerialGC",
              "-XX:TieredStopAtLevel=1",
              "-cp",
              System.getProperty("java.class.path"),
              MasterProcess.class.getName(),
              m,
              dir.toString()));
      peers
          .values()
          .forEach(p -> command.addAll(List.of(p.name(), p.raftAddress(), p.clientAddress())));
      processes.put(
          m,
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(dir.resolve(m + ".log").toFile())
              .start());
    }
  }

  @AfterEach
  void stop() {
    processes.values().forEach(Process::destroyForcibly);
    rpc.close();
  }

  private static int freePort() throws IOException {
    try (ServerSocket s = new ServerSocket()) {
      s.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      return s.getLocalPort();
    }
  }

  private Message ask(String master, MasterRequest request) throws AshlarException {
    try (RpcReply reply =
        rpc.call(Objects.requireNonNull(peers.get(master)).clientAddress(), request, CALL)) {
      return reply.message();
    }
  }

  /** The answer of whoever leads, other than {@code but}. */
  private Message decided(MasterRequest request, String but) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    AshlarException last = null;
    while (System.nanoTime() - deadline < 0) {
      for (String m : peers.keySet()) {
        if (!m.equals(but)) {
          try {
            return ask(m, request);
          } catch (AshlarException e) {
            last = e;
          }
        }
      }
      TestCluster.pause(50);
    }
    return fail("Nobody decided " + request, last);
  }

  private Message submit(Command c, String but) {
    return decided(new MasterRequest.Submit(77, ++seq, seq, c), but);
  }

  private String leader() {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() - deadline < 0) {
      for (String m : peers.keySet()) {
        try {
          ClusterStatus s =
              ((MasterReply.StatusReply) ask(m, new MasterRequest.GetStatus())).status();
          if (s.answeredBy().equals(s.leader())) {
            ask(m, new MasterRequest.GetAttr(1));
            return m;
          }
        } catch (AshlarException e) {
          TestCluster.pause(50);
        }
      }
    }
    return fail("No leader");
  }

  private void signal(String master, String signal) throws Exception {
    long pid = Objects.requireNonNull(processes.get(master)).pid();
    assertEquals(0, new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start().waitFor());
  }

  private void mode(int mode, String but) {
    submit(new Command.SetAttr(1, Command.SetAttr.MODE, mode, 0, 0, 0, 0), but);
  }

  @Test
  void aLeaderThatWasStoppedNeverReturnsWhatWasOverwritten() throws Exception {
    submit(new Command.OpenSession("test"), "");
    for (int round = 0; round < ROUNDS; round++) {
      String old = leader();
      mode(0700 + round, "");
      for (int i = 0; i < 3; i++) {
        ask(old, new MasterRequest.GetAttr(1)); // confirmed reads at a quiet index
      }
      signal(old, "STOP");
      mode(0750 + round, old);
      List<CompletableFuture<RpcReply>> reads = new ArrayList<>();
      for (int i = 0; i < READS; i++) {
        reads.add(
            rpc.send(
                Objects.requireNonNull(peers.get(old)).clientAddress(),
                new MasterRequest.GetAttr(1),
                null,
                Duration.ofSeconds(20)));
      }
      signal(old, "CONT");
      for (CompletableFuture<RpcReply> read : reads) {
        try (RpcReply reply = read.get()) {
          int mode = ((MasterReply.AttrReply) reply.message()).attr().mode();
          assertEquals(0750 + round, mode, "round " + round);
        } catch (ExecutionException e) {
          assertTrue(e.getCause() instanceof AshlarException, "Refused, which is right");
        }
      }
    }
  }
}
