package dev.ashlar.cli.command;

import dev.ashlar.cli.UsageException;
import org.apache.commons.cli.Option;

/** Shorthand for options and operands. */
final class Opt {
  private Opt() {}

  /** An option with a value, by its long name only. */
  static Option value(String name, String argument, String description) {
    return Option.builder().longOpt(name).hasArg().argName(argument).desc(description).get();
  }

  /** An option without one, by its long name only. */
  static Option flag(String name, String description) {
    return Option.builder().longOpt(name).desc(description).get();
  }

  /** A path of the cluster as it was typed. */
  static String remote(String operand) throws UsageException {
    if (operand.isEmpty()) {
      throw new UsageException("An empty path names nothing: the root directory is '/'");
    }
    if (operand.indexOf('\uFFFD') >= 0) {
      throw new UsageException("The path " + operand + " is not UTF-8");
    }
    return operand;
  }
}
