package dev.ashlar.launcher;

import dev.ashlar.cli.FailedException;
import dev.ashlar.cli.Terminal;
import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.ClientConfig;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The cluster of the demo: separate processes in a temporary directory, and what is done to them.
 */
final class DemoCluster {
  static final int SERVERS = 10;
  static final String POLICY = "rs-6-3";

  /**
   * Longer than the demo: what is rebuilt in it is what it destroys, not what it only keeps away
   * for a while.
   */
  private static final Duration DOWN_AFTER = Duration.ofMinutes(2);

  private static final int MASTERS = 3;
  private static final Duration KILL_PATIENCE = Duration.ofSeconds(10);
  private final Path dir;
  private final boolean keep;
  private final ClusterDirectory directory;
  private final ClusterSettings settings;

  DemoCluster(Path dir, boolean keep) throws IOException {
    this.dir = dir;
    this.keep = keep;
    directory = new ClusterDirectory(dir.resolve("cluster"));
    int port = FreePorts.base(ClusterSettings.PORTS_FOR_MASTERS + SERVERS);
    settings =
        new ClusterSettings(
            ClusterSettings.firstNames(MASTERS),
            SERVERS,
            1,
            POLICY,
            port,
            true,
            DOWN_AFTER,
            ServerSettings.DEFAULT,
            false);
  }

  Path dir() {
    return dir;
  }

  ClusterDirectory directory() {
    return directory;
  }

  ClusterSettings settings() {
    return settings;
  }

  AshlarFileSystem connect() throws IOException {
    return AshlarFileSystem.connect(ClientConfig.of(settings.masterAddresses()));
  }

  /**
   * Starts what does not run, as {@code up --processes --detach} does, and waits until all is
   * there.
   */
  void up() throws IOException, InterruptedException {
    directory.make();
    ClusterSettings known =
        java.nio.file.Files.exists(directory.settings())
            ? ClusterSettings.load(directory.settings())
            : settings;
    OutputStream nowhere = OutputStream.nullOutputStream();
    PrintStream text = new PrintStream(nowhere, false, StandardCharsets.UTF_8);
    Terminal silent =
        new Terminal(System.in, text, Channels.newChannel(nowhere), text, false, false, Map.of());
    try (ClusterDirectory.Lock _ = directory.lock()) {
      new LocalCluster(directory, known, silent).start(true);
    }
  }

  /** SIGKILL. Returns when the process is gone. */
  void kill(String name) throws IOException {
    ProcessHandle process =
        new PidFile(directory.pid(name))
            .process()
            .orElseThrow(() -> new FailedException(name + " does not run"));
    process.destroyForcibly();
    try {
      process.onExit().get(KILL_PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new FailedException(name + " does not end", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FailedException("Interrupted", e);
    }
  }

  /** Ends all processes and removes everything, unless it is to be kept. */
  void clean() {
    if (keep) {
      return;
    }
    try {
      Processes.running(directory).values().forEach(ProcessHandle::destroyForcibly);
      Trees.delete(dir);
    } catch (IOException e) {
      throw new UncheckedIOException("The demo could not remove " + dir, e);
    }
  }
}
