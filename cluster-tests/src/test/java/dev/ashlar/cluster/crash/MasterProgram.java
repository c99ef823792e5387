package dev.ashlar.cluster.crash;

import dev.ashlar.master.raft.RaftSettings;
import dev.ashlar.master.server.MasterConfig;
import dev.ashlar.master.server.MasterConfig.Peer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A master as a process of its own, since nobody may map files of a mount that it serves. */
final class MasterProgram implements AutoCloseable {
  /** As the parent pom's, handed on by surefire as this JVM's own arguments. */
  static final List<String> JVM =
      List.of(
          "--enable-native-access=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow",
          "--add-opens=java.base/java.nio=ALL-UNNAMED",
          "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
          "-XX:+UseSerialGC",
          "-XX:TieredStopAtLevel=1",
          "-Xmx256m");

  static final Duration ELECTION_MIN = Duration.ofMillis(600);
  static final Duration ELECTION_MAX = Duration.ofMillis(1200);
  private static final long MAP_BYTES = 64 << 20;

  private final Process process;

  private MasterProgram(Process process) {
    this.process = process;
  }

  /** Small files, quick elections. */
  static MasterConfig config(String name, Path dir, List<Peer> peers) {
    Peer me = peers.stream().filter(p -> p.name().equals(name)).findFirst().orElseThrow();
    return MasterConfig.of(name, dir, me.clientAddress(), me.raftAddress(), peers)
        .withPolicy("mirror-1")
        .withRaft(
            new RaftSettings(
                ELECTION_MIN, ELECTION_MAX, 500_000, 100_000, 1 << 20, true, MAP_BYTES, false));
  }

  /**
   * Starts it.
   *
   * @param log for what it prints, appended to
   */
  static MasterProgram start(String name, Path dir, List<Peer> peers, Path log) throws IOException {
    MasterConfig c = config(name, dir, peers);
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(JVM);
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), "dev.ashlar.launcher.Main"));
    command.addAll(List.of("master", "--name", name, "--dir", dir.toString()));
    command.addAll(List.of("--client", c.clientAddress(), "--raft", c.raftAddress()));
    List<String> others = new ArrayList<>();
    peers.forEach(p -> others.add(p.name() + "=" + p.raftAddress() + "/" + p.clientAddress()));
    command.addAll(List.of("--peers", String.join(",", others), "--policy", "mirror-1"));
    command.addAll(List.of("--election-min", "600ms", "--election-max", "1200ms"));
    command.addAll(List.of("--map-size", "64m"));
    return new MasterProgram(
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start());
  }

  boolean runs() {
    return process.isAlive();
  }

  /** SIGKILL. */
  @Override
  public void close() {
    process.destroyForcibly();
    try {
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        throw new AssertionError("A killed master does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
