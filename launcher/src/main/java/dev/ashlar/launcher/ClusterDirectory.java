package dev.ashlar.launcher;

import dev.ashlar.cli.FailedException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Where a local cluster keeps everything; see docs/OPERATIONS.md. */
record ClusterDirectory(Path root) {
  static final String DEFAULT = "ashlar-data";

  /**
   * @param text as typed
   */
  static ClusterDirectory of(String text) {
    return new ClusterDirectory(Path.of(text).toAbsolutePath().normalize());
  }

  Path settings() {
    return root.resolve("cluster.properties");
  }

  Path pid(String name) {
    return root.resolve("pids").resolve(name);
  }

  Path pids() {
    return root.resolve("pids");
  }

  Path log(String name) {
    return root.resolve("logs").resolve(name + ".log");
  }

  /** What a process says that does not go through its log: the JVM's last words. */
  Path console(String name) {
    return root.resolve("logs").resolve(name + ".console");
  }

  Path master(String name) {
    return root.resolve("masters").resolve(name);
  }

  /**
   * @param disk from 1
   */
  Path disk(String server, int disk) {
    return root.resolve("servers").resolve(server).resolve("disk-" + disk);
  }

  void make() throws IOException {
    if (Files.exists(root) && !Files.isDirectory(root)) {
      throw new FailedException(root + " is not a directory: name another with --dir");
    }
    for (String part : new String[] {"pids", "logs", "masters", "servers"}) {
      Files.createDirectories(root.resolve(part));
    }
  }

  /** Keeps other starts and stops of the same cluster out until it is closed. */
  Lock lock() throws IOException {
    FileChannel channel =
        FileChannel.open(
            root.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock lock = null;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      throw new FailedException(
          "This process starts or stops the cluster in " + root + " already", e);
    } finally {
      if (lock == null) {
        channel.close();
      }
    }
    if (lock == null) {
      throw new FailedException(
          "Another 'up' or 'down' is at work on " + root + ": wait for it to end");
    }
    return new Lock(channel);
  }

  /** Held while processes are started or stopped. */
  record Lock(FileChannel channel) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
