package dev.ashlar.launcher;

import dev.ashlar.chunkserver.server.ChunkServer;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.Program;
import dev.ashlar.cli.Terminal;
import dev.ashlar.cli.UsageException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All servers of a local cluster in this process. Owns them; close stops the chunk servers first.
 */
final class EmbeddedCluster implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedCluster.class);

  private static final Duration START_PATIENCE = Duration.ofSeconds(60);

  private final Deque<AutoCloseable> servers = new ArrayDeque<>();
  private final PidFile pid;

  private EmbeddedCluster(PidFile pid) {
    this.pid = pid;
  }

  /** Starts the servers; they find each other in the background. */
  static EmbeddedCluster start(ClusterDirectory directory, Members members, Terminal terminal)
      throws IOException, InterruptedException {
    EmbeddedCluster cluster =
        new EmbeddedCluster(new PidFile(directory.pid(LocalCluster.EMBEDDED)));
    boolean started = false;
    try {
      cluster.startAll(members.masters(), terminal);
      for (AutoCloseable server : cluster.servers) {
        if (server instanceof RunningMaster master) {
          master.server().awaitStarted(START_PATIENCE);
        }
      }
      cluster.startAll(members.servers(), terminal);
      cluster.pid.claim();
      started = true;
      return cluster;
    } finally {
      if (!started) {
        cluster.close();
      }
    }
  }

  /** All at once: a master waits for the others. */
  private void startAll(List<Members.Member> members, Terminal terminal)
      throws IOException, InterruptedException {
    List<Future<AutoCloseable>> starts = new ArrayList<>();
    try (ExecutorService threads =
        Executors.newThreadPerTaskExecutor(Thread.ofPlatform().name("start-", 1).factory())) {
      members.forEach(m -> starts.add(threads.submit(() -> start(m, terminal))));
    }
    ExecutionException failed = null;
    for (Future<AutoCloseable> s : starts) {
      try {
        servers.push(s.get());
      } catch (ExecutionException e) {
        failed = e;
      }
    }
    if (failed != null) {
      throw failed.getCause() instanceof IOException e
          ? e
          : new IOException("A server did not start: " + failed.getCause(), failed);
    }
  }

  private static AutoCloseable start(Members.Member m, Terminal terminal) throws IOException {
    List<String> arguments = m.arguments().subList(1, m.arguments().size());
    try {
      if (m.master()) {
        ServerArguments a = arguments(new MasterCommand(), arguments, terminal);
        return RunningMaster.start(MasterCommand.config(a), MasterCommand.repackEvery(a));
      }
      ChunkServerCommand command = new ChunkServerCommand();
      return ChunkServer.start(ChunkServerCommand.config(arguments(command, arguments, terminal)));
    } catch (UsageException e) {
      throw new IllegalStateException("The arguments made for " + m.name() + " are right", e);
    }
  }

  private static ServerArguments arguments(
      dev.ashlar.cli.CliCommand command, List<String> arguments, Terminal terminal)
      throws UsageException, IOException {
    return ServerArguments.of(
        new Invocation(Program.parse(command, arguments), terminal), command.options());
  }

  @Override
  public void close() throws IOException {
    while (!servers.isEmpty()) {
      AutoCloseable server = servers.pop();
      try {
        server.close();
      } catch (Exception e) {
        LOG.error("{} did not stop cleanly", server.getClass().getSimpleName(), e);
      }
    }
    pid.release();
  }
}
