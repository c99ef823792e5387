package dev.ashlar.cli.remote;

import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.UsageException;
import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.ClientConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

/**
 * A client of the cluster that the arguments or the environment name. If the process is told to
 * stop meanwhile, the session is closed on the way out, so that what was staged is dropped at once.
 */
public final class Connection implements AutoCloseable {
  public static final String OPTION = "cluster";
  public static final String VARIABLE = "ASHLAR_CLUSTER";
  private static final String LOCAL = "127.0.0.1:" + ClientConfig.DEFAULT_PORT;

  private final AshlarFileSystem fs;
  private final Thread stopHook;

  private Connection(AshlarFileSystem fs) {
    this.fs = fs;
    stopHook = Thread.ofPlatform().name("close-session").unstarted(fs::close);
    Runtime.getRuntime().addShutdownHook(stopHook);
  }

  /** Options of a command that talks to a cluster. */
  public static Options options() {
    return new Options()
        .addOption(
            Option.builder()
                .longOpt(OPTION)
                .hasArg()
                .argName("HOST:PORT,...")
                .desc("masters of the cluster; else $" + VARIABLE + ", else " + LOCAL)
                .get());
  }

  public static Connection open(Invocation in) throws UsageException, IOException {
    return new Connection(AshlarFileSystem.connect(config(in)));
  }

  /**
   * @param patience how long to look for a master that can answer
   */
  public static Connection open(Invocation in, Duration patience)
      throws UsageException, IOException {
    return new Connection(AshlarFileSystem.connect(config(in).withMasterDeadline(patience)));
  }

  /** What the arguments and the environment say about the cluster. */
  public static ClientConfig config(Invocation in) throws UsageException {
    String given = in.text(OPTION);
    String variable = in.terminal().variable(VARIABLE);
    String cluster = given != null ? given : variable != null ? variable : LOCAL;
    try {
      return ClientConfig.of(cluster).withOwner(ownId("unix:uid"), ownId("unix:gid"));
    } catch (IllegalArgumentException e) {
      throw new UsageException(
          (given != null || variable == null ? "--" + OPTION : VARIABLE) + ": " + e.getMessage(),
          e);
    }
  }

  private static int ownId(String attribute) {
    try {
      return (Integer) Files.getAttribute(Path.of("/proc/self"), attribute);
    } catch (IOException | UnsupportedOperationException e) {
      return 0; // no such notion here: what is made belongs to the superuser, as on any file system
      // without owners
    }
  }

  public AshlarFileSystem fs() {
    return fs;
  }

  public RemoteFiles files() {
    return new ClusterFiles(fs);
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(stopHook);
    } catch (IllegalStateException e) {
      return; // the process is stopping: the hook closes the session
    }
    fs.close();
  }
}
