package dev.ashlar.launcher;

import dev.ashlar.cli.FailedException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/** Starts, finds and stops the processes of a local cluster. */
final class Processes {
  static final Duration STOP_PATIENCE = Duration.ofSeconds(20);
  private static final int LAST_LINES = 5;
  private static final long PORT_POLL_MS = 20;
  private static final int PORT_CONNECT_MS = 200;

  private Processes() {}

  /** Starts one in the background, its words going to a file. */
  static Process start(List<String> command, Path console) throws IOException {
    return new ProcessBuilder(command)
        .redirectInput(new java.io.File("/dev/null"))
        .redirectErrorStream(true)
        .redirectOutput(console.toFile())
        .start();
  }

  /**
   * Returns when all these ports on loopback are listened to, when one of the processes is dead, or
   * when the time is over.
   *
   * @param dead names a process that ended, or is empty
   */
  static void awaitPorts(List<Integer> ports, Duration patience, Supplier<String> dead)
      throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    for (int port : ports) {
      while (!listens(port) && dead.get().isEmpty() && deadline - System.nanoTime() > 0) {
        TimeUnit.MILLISECONDS.sleep(PORT_POLL_MS);
      }
    }
  }

  private static boolean listens(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), port), PORT_CONNECT_MS);
      return true;
    } catch (IOException e) {
      return false; // not yet: that is the answer
    }
  }

  /** The live processes by the names of their pid files. */
  static Map<String, ProcessHandle> running(ClusterDirectory directory) throws IOException {
    Map<String, ProcessHandle> found = new LinkedHashMap<>();
    if (!Files.isDirectory(directory.pids())) {
      return found;
    }
    try (var files = Files.list(directory.pids())) {
      for (Path file : files.sorted().toList()) {
        String name = String.valueOf(file.getFileName());
        Optional<ProcessHandle> process =
            name.startsWith(".") ? Optional.empty() : new PidFile(file).process();
        process.ifPresent(p -> found.put(name, p));
      }
    }
    return found;
  }

  /**
   * Ends them: SIGTERM, and SIGKILL for those that have not ended in time.
   *
   * @return names that had to be killed
   */
  static List<String> stop(Map<String, ProcessHandle> processes, Duration patience)
      throws IOException {
    processes.values().forEach(ProcessHandle::destroy);
    long deadline = System.nanoTime() + patience.toNanos();
    List<String> killed = new ArrayList<>();
    for (Map.Entry<String, ProcessHandle> e : processes.entrySet()) {
      if (!ended(e.getValue(), deadline - System.nanoTime())) {
        e.getValue().destroyForcibly();
        killed.add(e.getKey());
      }
    }
    for (String name : killed) {
      ProcessHandle process = processes.get(name);
      if (process != null && !ended(process, STOP_PATIENCE.toNanos())) {
        throw new FailedException(
            "Process "
                + process.pid()
                + " ("
                + name
                + ") does not end, not even by SIGKILL: its disk may hang");
      }
    }
    return killed;
  }

  private static boolean ended(ProcessHandle process, long waitNs) throws IOException {
    try {
      process.onExit().get(Math.max(0, waitNs), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException e) {
      return !process.isAlive();
    } catch (ExecutionException e) {
      throw new IOException("Cannot wait for process " + process.pid(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FailedException("Interrupted while waiting for processes to end", e);
    }
  }

  /** All these ports must be free. */
  static void mustBeFree(List<Integer> ports) throws FailedException {
    for (int port : ports) {
      try (ServerSocket socket = new ServerSocket()) {
        socket.setReuseAddress(
            true); // as the servers do: what lingers of closed connections is no conflict
        socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      } catch (IOException e) {
        throw new FailedException(
            "Port "
                + port
                + " of "
                + ClusterSettings.HOST
                + " is taken by another program: stop that one, or choose other ports with --port (in a new --dir)",
            e);
      }
    }
  }

  /** The last lines of a file, for a message; empty if there are none. */
  static String lastWords(Path file) {
    try {
      List<String> lines = Files.readAllLines(file);
      return String.join(" | ", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()))
          .strip();
    } catch (IOException e) {
      return "";
    }
  }
}
