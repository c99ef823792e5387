package dev.ashlar.cli;

import java.io.IOException;
import java.util.List;
import org.apache.commons.cli.Options;

/** One command of the program. Holds no state between runs. */
public interface CliCommand {
  /** The word that calls it. */
  String name();

  /** One line: what it does. */
  String summary();

  /** Its arguments as the usage line shows them, after the name. */
  String arguments();

  /** Its options, without --help. */
  Options options();

  /** Whole command lines, at least one. */
  List<String> examples();

  /** Further explanation for --help, empty if the summary says it all. */
  default String details() {
    return "";
  }

  /**
   * Does it.
   *
   * @return exit code
   * @throws UsageException if the arguments make no sense
   * @throws IOException if it failed; the message is shown
   * @throws InterruptedException if the thread was interrupted
   */
  int run(Invocation in) throws UsageException, IOException, InterruptedException;
}
