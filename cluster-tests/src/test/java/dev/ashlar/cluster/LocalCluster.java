package dev.ashlar.cluster;

import dev.ashlar.torture.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A cluster of separate processes in a directory of its own, started and stopped by the program's
 * own commands; and what can be done to it.
 */
final class LocalCluster implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofSeconds(90);
  private static final int PORTS = 40;

  /** First ports of clusters of this process, which tests start side by side. */
  private static final Set<Integer> TAKEN = ConcurrentHashMap.newKeySet();

  /** Port of the first chunk server, after the cluster's. */
  private static final int FIRST_SERVER = 10;

  private final Path dir;
  private final int port;
  private final List<String> settings;

  private LocalCluster(Path dir, int port, List<String> settings) {
    this.dir = dir;
    this.port = port;
    this.settings = settings;
  }

  /**
   * @param more further flags of {@code up}
   */
  static LocalCluster start(int masters, int servers, String policy, String... more)
      throws IOException {
    List<String> settings =
        new ArrayList<>(
            List.of("--masters", "" + masters, "--servers", "" + servers, "--policy", policy));
    settings.addAll(List.of(more));
    LocalCluster cluster =
        new LocalCluster(Files.createTempDirectory("ashlar-cluster"), freePorts(), settings);
    try {
      cluster.up();
    } catch (Throwable t) {
      t.addSuppressed(new AssertionError(cluster.logs()));
      cluster.close();
      throw t;
    }
    return cluster;
  }

  /** Starts what does not run. */
  void up() {
    up(List.of());
  }

  /**
   * Starts what does not run.
   *
   * @param more flags that hold for what is started, and for later
   */
  void up(List<String> more) {
    tryUp(more).mustSucceed();
  }

  /** As {@link #up}, for a cluster of which something may refuse to start. */
  Shell.Result tryUp(List<String> more) {
    List<String> command =
        new ArrayList<>(
            List.of("up", "--dir", dir.toString(), "--port", "" + port, "--processes", "--detach"));
    command.addAll(settings);
    command.addAll(more);
    return Shell.ashlar(START_LIMIT, command.toArray(String[]::new));
  }

  void down() {
    Shell.ashlar(START_LIMIT, "down", "--dir", dir.toString()).mustSucceed();
  }

  Path dir() {
    return dir;
  }

  Path disk(int server) {
    return dir.resolve("servers/server-" + server + "/disk-1");
  }

  /** Addresses of all masters, for --cluster. */
  String address() {
    int masters = Integer.parseInt(settings.get(1));
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < masters; i++) {
      text.append(i == 0 ? "" : ",").append("127.0.0.1:").append(port + i);
    }
    return text.toString();
  }

  /** A command against this cluster. */
  Shell.Result run(String... arguments) {
    List<String> command = new ArrayList<>(List.of(arguments));
    command.addAll(1, List.of("--cluster", address()));
    return Shell.ashlar(Duration.ofMinutes(3), command.toArray(String[]::new));
  }

  /** Name of the master that leads. */
  String leader() {
    String status = run("status", "--json").mustSucceed().out();
    Matcher m = Pattern.compile("\"leader\" *: *\"([^\"]+)\"").matcher(status);
    if (!m.find()) {
      throw new AssertionError("No leader in " + status);
    }
    return m.group(1);
  }

  /** Number of the server that has this block of the file's first chunk. */
  int holder(String path, int block) {
    String stat = run("stat", path).mustSucceed().out();
    Matcher m = Pattern.compile("block " + block + " .* 127\\.0\\.0\\.1:(\\d+) ").matcher(stat);
    if (!m.find()) {
      throw new AssertionError("No block " + block + " in " + stat);
    }
    return Integer.parseInt(m.group(1)) - port - FIRST_SERVER + 1;
  }

  void awaitHealthy() {
    run("wait-healthy", "--timeout", "150s").mustSucceed();
  }

  void mustBeClean() {
    run("fsck", "--verify").mustSucceed();
  }

  long pid(String name) {
    try {
      return Long.parseLong(Files.readString(dir.resolve("pids").resolve(name)).strip());
    } catch (IOException e) {
      throw new AssertionError("No pid of " + name, e);
    }
  }

  /** SIGKILL, and waits until the process is gone. */
  void kill(String name) {
    ProcessHandle process =
        ProcessHandle.of(pid(name)).orElseThrow(() -> new AssertionError(name + " does not run"));
    process.destroyForcibly();
    Await.until(name + " is gone", Duration.ofSeconds(10), () -> !process.isAlive());
  }

  /** False, too, if it never started, and so has no pid file. */
  boolean runs(String name) {
    return Files.exists(dir.resolve("pids").resolve(name))
        && ProcessHandle.of(pid(name)).map(ProcessHandle::isAlive).orElse(false);
  }

  void signal(String name, String signal) {
    Shell.run(Duration.ofSeconds(10), List.of("kill", "-" + signal, "" + pid(name))).mustSucceed();
  }

  static void deleteTree(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** Last lines of every log, for a failure's message. */
  String logs() {
    StringBuilder text = new StringBuilder();
    try (Stream<Path> logs = Files.list(dir.resolve("logs"))) {
      for (Path log : logs.sorted().toList()) {
        List<String> lines = Files.readAllLines(log);
        text.append("== ").append(log.getFileName()).append('\n');
        lines
            .subList(Math.max(0, lines.size() - 15), lines.size())
            .forEach(l -> text.append(l).append('\n'));
      }
    } catch (IOException e) {
      text.append("no logs: ").append(e.getMessage());
    }
    return text.toString();
  }

  @Override
  public void close() throws IOException {
    try (Stream<Path> pids =
        Files.exists(dir.resolve("pids")) ? Files.list(dir.resolve("pids")) : Stream.empty()) {
      for (Path pid : pids.toList()) {
        ProcessHandle.of(pid(pid.getFileName().toString()))
            .ifPresent(ProcessHandle::destroyForcibly);
      }
    }
    deleteTree(dir);
  }

  /** A base port with room behind it, below the range the kernel hands out by itself. */
  static int freePorts() throws IOException {
    Random random = new Random();
    for (int attempt = 0; attempt < 100; attempt++) {
      int base = 11000 + random.nextInt(400) * PORTS;
      if (TAKEN.add(base) && allFree(base)) {
        return base;
      }
    }
    throw new IOException("No " + PORTS + " free ports in a row");
  }

  private static boolean allFree(int base) {
    for (int p = base; p < base + PORTS; p++) {
      try (ServerSocket s = new ServerSocket()) {
        s.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), p));
      } catch (IOException e) {
        return false; // taken: the caller tries another range
      }
    }
    return true;
  }
}
