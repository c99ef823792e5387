package dev.ashlar.launcher;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.Optional;

/**
 * A file with the number of a process that serves a cluster, and nothing else. Numbers are used
 * again by the system, so one counts only if the process runs this program and is no younger than
 * the file.
 */
record PidFile(Path file) {
  /** Start times are derived from the machine's clock, which may have been set a little since. */
  private static final long SLACK_MS = 5_000;

  /** Names this process. */
  void claim() throws IOException {
    Path parent = file.toAbsolutePath().getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    Path fresh = file.resolveSibling("." + file.getFileName() + ".new");
    Files.writeString(fresh, ProcessHandle.current().pid() + "\n");
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Removes the file if it names this process. */
  void release() throws IOException {
    Optional<Long> pid = pid();
    if (pid.isPresent() && pid.get() == ProcessHandle.current().pid()) {
      Files.deleteIfExists(file);
    }
  }

  /** The process, if it still runs. */
  Optional<ProcessHandle> process() throws IOException {
    Optional<Long> pid = pid();
    if (pid.isEmpty()) {
      return Optional.empty();
    }
    Optional<ProcessHandle> process = ProcessHandle.of(pid.get()).filter(ProcessHandle::isAlive);
    return process.isPresent() && isOurs(process.get()) ? process : Optional.empty();
  }

  private Optional<Long> pid() throws IOException {
    try {
      return Optional.of(
          Long.parseLong(Files.readString(file, StandardCharsets.ISO_8859_1).strip()));
    } catch (NoSuchFileException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  private boolean isOurs(ProcessHandle process) throws IOException {
    Optional<Instant> started = process.info().startInstant();
    if (started.isPresent()
        && Files.exists(file)
        && started.get().toEpochMilli() > Files.getLastModifiedTime(file).toMillis() + SLACK_MS) {
      return false;
    }
    return commandLine(process).contains(Main.class.getName());
  }

  private static String commandLine(ProcessHandle process) {
    try {
      return new String(
          Files.readAllBytes(Path.of("/proc", "" + process.pid(), "cmdline")),
          StandardCharsets.UTF_8);
    } catch (IOException e) {
      return process.info().commandLine().orElse("");
    }
  }
}
