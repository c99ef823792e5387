package dev.ashlar.launcher;

import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.ExitCode;
import dev.ashlar.cli.FailedException;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.cli.Options;

/** demo: the main job on real files, with everything checked. */
final class DemoCommand implements CliCommand {
  private static final long NEEDED_BYTES = 3L << 30;

  @Override
  public String name() {
    return "demo";
  }

  @Override
  public String summary() {
    return "watch the main job: store files, lose servers and a disk, read on, rebuild";
  }

  @Override
  public String arguments() {
    return "[--keep]";
  }

  @Override
  public String details() {
    return """
    Starts 3 masters and 10 chunk servers as separate processes in a temporary directory, on free ports of loopback, and checks every step on real files.
    Takes under a minute on two cores. Exit code 0 only if every check held. Cleans up, also after Ctrl-C.
    """;
  }

  @Override
  public Options options() {
    return new Options()
        .addOption(
            ServerArguments.flag(
                "keep", "leave the cluster and its directory as they are at the end"));
  }

  @Override
  public List<String> examples() {
    return List.of("bin/ashlar demo");
  }

  @Override
  public int run(Invocation in) throws UsageException, IOException, InterruptedException {
    in.operands(0, 0, "no operand");
    Path dir = Files.createTempDirectory("ashlar-demo");
    if (Files.getFileStore(dir).getUsableSpace() < NEEDED_BYTES) {
      Files.delete(dir);
      throw new FailedException(
          "The demo needs 3 GiB in "
              + dir.getParent()
              + ": make room, or name another place with ASHLAR_JAVA_OPTS=-Djava.io.tmpdir=DIR");
    }
    DemoCluster cluster = new DemoCluster(dir, in.has("keep"));
    Thread cleaner = Thread.ofPlatform().name("clean-up").unstarted(cluster::clean);
    Runtime.getRuntime().addShutdownHook(cleaner);
    boolean good = new Demo(cluster, in.terminal()).play();
    if (in.has("keep")) {
      in.terminal()
          .out()
          .println(
              "It is all left in "
                  + dir
                  + "; 'bin/ashlar down --dir "
                  + cluster.directory().root()
                  + "' stops it.");
    }
    return good ? ExitCode.GOOD : ExitCode.FAILED;
  }
}
