package dev.ashlar.cli;

import java.time.Duration;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.jspecify.annotations.Nullable;

/**
 * A command with the arguments of this call, read and checked on demand.
 *
 * @param line options and operands as parsed
 */
public record Invocation(CommandLine line, Terminal terminal) {
  public List<String> operands() {
    return line.getArgList();
  }

  /** The operands, if their number is within the bounds. */
  public List<String> operands(int least, int most, String what) throws UsageException {
    int n = operands().size();
    if (n < least) {
      throw new UsageException("Missing operand: give " + what);
    }
    if (n > most) {
      throw new UsageException("Too many operands: give " + what);
    }
    return operands();
  }

  public boolean has(String option) {
    return line.hasOption(option);
  }

  /** Value of an option, null if it was not given. */
  public @Nullable String text(String option) {
    return line.getOptionValue(option);
  }

  public String text(String option, String otherwise) {
    return line.getOptionValue(option, otherwise);
  }

  public int integer(String option, int otherwise, int least, int most) throws UsageException {
    String text = text(option);
    return text == null ? otherwise : integer("--" + option, text, least, most);
  }

  /** Reads a whole number; {@code what} names it in the message. */
  public static int integer(String what, String text, int least, int most) throws UsageException {
    try {
      int value = Integer.parseInt(text.strip());
      if (value >= least && value <= most) {
        return value;
      }
    } catch (NumberFormatException e) {
      throw new UsageException(
          what
              + " must be a whole number from "
              + least
              + " to "
              + most
              + ", but is '"
              + text
              + "'",
          e);
    }
    throw new UsageException(
        what + " must be a whole number from " + least + " to " + most + ", but is " + text);
  }

  public Duration duration(String option, Duration otherwise) throws UsageException {
    String text = text(option);
    try {
      return text == null ? otherwise : Durations.parse(text);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--" + option + ": " + e.getMessage(), e);
    }
  }
}
