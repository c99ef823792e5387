package dev.ashlar.torture;

import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.ExitCode;
import dev.ashlar.cli.FailedException;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

/** torture: a real cluster under real faults, from a seed. */
public final class TortureCommand implements CliCommand {
  private static final int MOST_MINUTES = 60 * 24 * 30;
  private static final int FIRST_PORT = 21_000;
  private static final int LAST_PORT = 65_000;

  private final Program program;

  public TortureCommand(Program program) {
    this.program = program;
  }

  @Override
  public String name() {
    return "torture";
  }

  @Override
  public String summary() {
    return "run a real cluster under real faults for some minutes, and check it";
  }

  @Override
  public String arguments() {
    return "[--minutes M] [--seed S] [--dir D] [--port P] [--tolerable]";
  }

  @Override
  public String details() {
    return """
    Starts 3 masters and 7 chunk servers as processes of their own, lets clients put, replace, append, rename, delete and read, and has things go wrong: processes killed
    and paused, power cut (what was not synced is lost), disks that return errors, flip bits, are full or destroyed, links cut one way or both. After each round everything is
    put right and must become whole; every answer and every byte is checked. At the end more is destroyed than is tolerated: that must be told, not hidden.
    Disks with faults need root and /dev/fuse, partitions need network namespaces; what is missing is said and left out. What happens follows from the seed,
    when exactly does not. Exit code 0 only if nothing was violated; then the directory is removed, if it was not given.
    """;
  }

  private static Option option(String name, String value, String what) {
    return Option.builder().longOpt(name).hasArg().argName(value).desc(what).get();
  }

  @Override
  public Options options() {
    return new Options()
        .addOption(option("minutes", "M", "go on with new rounds for so long (default 5)"))
        .addOption(option("seed", "S", "what goes wrong follows from it (default: by the clock)"))
        .addOption(option("dir", "D", "a new or empty directory (default: one below /tmp)"))
        .addOption(
            option(
                "port",
                "P",
                "first of 20 ports, where there are no network namespaces (default 21000)"))
        .addOption(
            Option.builder()
                .longOpt("tolerable")
                .desc("end before more is destroyed than is tolerated")
                .get());
  }

  @Override
  public List<String> examples() {
    return List.of("bin/ashlar torture --minutes 30", "bin/ashlar torture --minutes 5 --seed 42");
  }

  @Override
  public int run(Invocation in) throws UsageException, IOException {
    in.operands(0, 0, "no operand");
    int minutes = in.integer("minutes", 5, 0, MOST_MINUTES);
    int seed =
        in.integer("seed", (int) (System.nanoTime() & Integer.MAX_VALUE), 0, Integer.MAX_VALUE);
    int port = in.integer("port", FIRST_PORT, 1024, LAST_PORT);
    String given = in.text("dir");
    Path dir = given == null ? Files.createTempDirectory("ashlar-torture") : Path.of(given);
    dir = dir.toAbsolutePath().normalize();
    if (!isEmpty(dir)) {
      throw new FailedException(dir + " is not an empty directory: name another with --dir");
    }
    boolean good =
        new Torture(program, dir, port, in.terminal())
            .run(seed, Duration.ofMinutes(minutes), !in.has("tolerable"));
    if (good && given == null) {
      Trees.delete(dir);
    }
    return good ? ExitCode.GOOD : ExitCode.FAILED;
  }

  private static boolean isEmpty(Path dir) throws IOException {
    if (!Files.exists(dir)) {
      return true;
    }
    if (!Files.isDirectory(dir)) {
      return false;
    }
    try (Stream<Path> files = Files.list(dir)) {
      return files.findAny().isEmpty();
    }
  }
}
