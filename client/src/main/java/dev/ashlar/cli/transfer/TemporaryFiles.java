package dev.ashlar.cli.transfer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Unfinished local files, which are removed if the process is told to stop. After a SIGKILL they
 * stay, but never under a final name. Thread-safe.
 */
final class TemporaryFiles implements AutoCloseable {
  private final Set<Path> unfinished = ConcurrentHashMap.newKeySet();
  private final Thread stopHook =
      Thread.ofPlatform().name("remove-unfinished").unstarted(this::removeAll);

  TemporaryFiles() {
    Runtime.getRuntime().addShutdownHook(stopHook);
  }

  /** A name beside a target, not yet taken. */
  Path beside(Path target) {
    Path directory = target.toAbsolutePath().getParent();
    String name = ".ashlar-" + UUID.randomUUID() + ".part";
    Path file = directory == null ? Path.of(name) : directory.resolve(name);
    unfinished.add(file);
    return file;
  }

  /** It has its final name now. */
  void finished(Path file) {
    unfinished.remove(file);
  }

  /** It is not wanted; removes what there is of it. */
  void discard(Path file) {
    try {
      Files.deleteIfExists(file);
      unfinished.remove(file);
    } catch (IOException e) {
      return; // it stays in the list: the end of the process tries again
    }
  }

  private void removeAll() {
    unfinished.forEach(this::discard);
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(stopHook);
    } catch (IllegalStateException e) {
      return; // the process is stopping: the hook removes them
    }
    removeAll();
  }
}
