package dev.ashlar.torture;

import dev.ashlar.torture.faultfs.FaultFs;
import dev.ashlar.torture.faultfs.PowerCut;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One master or chunk server: its process, and the disk below it. For one thread. */
final class Member implements AutoCloseable {
  private static final long END_S = 30;
  private static final int LAST_LINES = 12;

  final String name;
  final int index;
  final boolean master;
  private final Path lower;
  private final Path data;
  private final Path log;
  private final @Nullable FaultFs disk;
  private final List<String> command;
  private @Nullable Process process;
  private boolean paused;
  private boolean ending;

  /**
   * @param lower the directory that its disk's bytes are in
   * @param disk over that directory; null if there is no fault layer
   * @param data what the process uses, below the disk's mount
   * @param command starts the process
   */
  Member(
      String name,
      int index,
      boolean master,
      Path lower,
      @Nullable FaultFs disk,
      Path data,
      Path log,
      List<String> command) {
    this.name = name;
    this.index = index;
    this.master = master;
    this.lower = lower;
    this.disk = disk;
    this.data = data;
    this.log = log;
    this.command = List.copyOf(command);
  }

  @Nullable FaultFs disk() {
    return disk;
  }

  Path lower() {
    return lower;
  }

  void start() throws IOException {
    ending = false;
    paused = false;
    process =
        new ProcessBuilder(command)
            .directory(log.resolveSibling(".").toFile()) // for what a crashed JVM leaves
            .redirectInput(new java.io.File("/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(console().toFile()))
            .start();
  }

  private Path console() {
    return log.resolveSibling(name + ".console");
  }

  boolean running() {
    Process p = process;
    return p != null && p.isAlive();
  }

  /** Whether it ended though nobody ended it. */
  boolean endedByItself() {
    return !running() && !ending;
  }

  /** From now on it may end by itself, for what is done to it. */
  void mayEnd() {
    ending = true;
  }

  /** SIGKILL; returns when it is gone. */
  void kill() throws IOException {
    ending = true;
    Process p = process;
    if (p != null) {
      p.destroyForcibly();
      awaitEnd(p);
    }
  }

  /** SIGTERM; returns when it is gone. */
  void stop() throws IOException {
    ending = true;
    resume();
    Process p = process;
    if (p != null) {
      p.destroy();
      awaitEnd(p);
    }
  }

  private void awaitEnd(Process p) throws IOException {
    try {
      if (!p.waitFor(END_S, TimeUnit.SECONDS)) {
        throw new IOException(name + " (process " + p.pid() + ") does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted while " + name + " ends", e);
    }
  }

  /** SIGSTOP, until {@link #resume}. */
  void pause() throws IOException {
    Process p = process;
    if (p != null && p.isAlive()) {
      paused = true;
      Commands.run("kill", "-STOP", "" + p.pid());
    }
  }

  void resume() throws IOException {
    Process p = process;
    if (paused && p != null && p.isAlive()) {
      Commands.run("kill", "-CONT", "" + p.pid());
    }
    paused = false;
  }

  /** Kills it and loses what it did not sync; without a fault layer it is just killed. */
  void powerCut(RandomGenerator random) throws IOException {
    kill();
    FaultFs d = disk;
    if (d != null) {
      d.powerCut(random.nextInt(3) == 0 ? PowerCut.LOSE_ALL : PowerCut.LOSE_SOME, random);
      forgetBoot(d.lower());
      d.powerOn();
    }
  }

  /**
   * What is not synced at all, as an index that can be made anew, is trusted only in the boot of
   * the machine that it notes. A power cut ends that boot, but this machine did not really boot: so
   * what was noted is changed instead.
   */
  private static void forgetBoot(Path root) throws IOException {
    String boot = Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    try (Stream<Path> walk = Files.walk(root)) {
      for (Path file : walk.filter(f -> f.endsWith("boot")).toList()) {
        if (Files.readString(file).strip().equals(boot)) {
          Files.writeString(file, "an earlier boot");
        }
      }
    }
  }

  /** Kills it and takes its disk away; an empty one is in its place. */
  void destroyDisk(RandomGenerator random) throws IOException {
    powerCut(random);
    if (Files.exists(data)) {
      Trees.delete(data);
    }
  }

  /** The last lines of its log, for a message. */
  String lastWords() {
    StringBuilder text = new StringBuilder();
    for (Path file : List.of(console(), log)) {
      try {
        List<String> lines = Files.readAllLines(file);
        text.append("== ").append(file).append('\n');
        lines
            .subList(Math.max(0, lines.size() - LAST_LINES), lines.size())
            .forEach(l -> text.append(l).append('\n'));
      } catch (IOException e) {
        text.append("== no ").append(file).append('\n');
      }
    }
    return text.toString();
  }

  @Override
  public void close() throws IOException {
    try {
      kill();
    } finally {
      FaultFs d = disk;
      if (d != null) {
        d.close();
      }
    }
  }
}
