package dev.ashlar.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A local cluster of separate processes, driven by the program's own commands. */
final class BenchCluster implements AutoCloseable {
  private static final long COMMAND_SECONDS = 300;

  /** Ports that a cluster takes at most. */
  private static final int PORTS = 60;

  private final String program;
  private final Path dir;
  private final List<String> settings;
  private final String address;

  private BenchCluster(String program, Path dir, List<String> settings, String address) {
    this.program = program;
    this.dir = dir;
    this.settings = settings;
    this.address = address;
  }

  static BenchCluster start(Settings s) throws IOException {
    List<String> settings =
        List.of(
            "--processes",
            "--detach",
            "--masters",
            "" + s.masters(),
            "--servers",
            "" + s.servers(),
            "--policy",
            s.policy(),
            "--down-after", // what a case kills is not replaced while it measures
            "30m",
            "--port",
            "" + s.port());
    StringBuilder address = new StringBuilder();
    for (int m = 0; m < s.masters(); m++) {
      address.append(m == 0 ? "" : ",").append("127.0.0.1:").append(s.port() + m);
    }
    BenchCluster cluster = new BenchCluster(s.program(), s.dir(), settings, address.toString());
    try {
      cluster.up();
    } catch (IOException e) {
      try {
        cluster.close(); // what a start that took too long has left running
      } catch (IOException more) {
        e.addSuppressed(more);
      }
      throw e;
    }
    return cluster;
  }

  void up() throws IOException {
    List<String> command = new ArrayList<>(List.of("up", "--dir", dir.toString()));
    command.addAll(settings);
    run(command.toArray(String[]::new));
  }

  String address() {
    return address;
  }

  /** Of all its processes that run. */
  Usage usage() throws IOException {
    return Usage.of(pids(), dir);
  }

  List<Long> pids() throws IOException {
    try (Stream<Path> files = Files.list(dir.resolve("pids"))) {
      List<Long> pids = new ArrayList<>();
      for (Path file : files.toList()) {
        long pid = Long.parseLong(Files.readString(file).strip());
        if (ProcessHandle.of(pid).isPresent()) {
          pids.add(pid);
        }
      }
      return pids;
    }
  }

  /** SIGKILL. */
  void kill(String name) throws IOException {
    ProcessHandle.of(pid(name)).ifPresent(ProcessHandle::destroyForcibly);
  }

  /** STOP or CONT. */
  void signal(String name, String signal) throws IOException {
    execute(List.of("kill", "-" + signal, "" + pid(name)));
  }

  private long pid(String name) throws IOException {
    return Long.parseLong(Files.readString(dir.resolve("pids").resolve(name)).strip());
  }

  void destroyDisk(int server) throws IOException {
    deleteTree(dir.resolve("servers/server-" + server + "/disk-1"));
  }

  static void deleteTree(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** Wall and CPU seconds of a command of this process's own children, its output thrown away. */
  record Timed(double wallSeconds, double cpuSeconds) {}

  /** Runs a command of the program; it must succeed. */
  Timed run(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(program));
    command.addAll(List.of(arguments));
    return execute(command);
  }

  private Timed execute(List<String> arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of("bash", "-c", "TIMEFORMAT='%R %U %S'; time \"$@\" >/dev/null", "time"));
    command.addAll(arguments);
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("ASHLAR_CLUSTER", address);
    Path errors = Files.createTempFile("ashlar-bench", ".err");
    try {
      Process process = builder.redirectError(errors.toFile()).start();
      if (!process.waitFor(COMMAND_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
        process.destroyForcibly();
        throw new IOException(String.join(" ", arguments) + " failed: " + Files.readString(errors));
      }
      String[] times = Files.readAllLines(errors).getLast().split(" ", -1);
      return new Timed(
          Double.parseDouble(times[0]),
          Double.parseDouble(times[1]) + Double.parseDouble(times[2]));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted", e);
    } finally {
      Files.deleteIfExists(errors);
    }
  }

  /** Ends all processes; {@link #up} starts them again. */
  void down() throws IOException {
    run("down", "--dir", dir.toString());
  }

  /** Another one, beside this, all in one process. */
  BenchCluster inOneProcess(Settings s) {
    int port = s.port() + PORTS;
    return new BenchCluster(
        program,
        dir.resolveSibling(dir.getFileName() + "-one"),
        List.of(
            "--detach", "--servers", "" + s.servers(), "--policy", s.policy(), "--port", "" + port),
        "127.0.0.1:" + port);
  }

  void delete() throws IOException {
    deleteTree(dir);
  }

  @Override
  public void close() throws IOException {
    down();
    delete();
  }
}
