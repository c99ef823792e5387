package dev.ashlar.cli.command;

import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.Program;
import dev.ashlar.cli.Terminal;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * Does the same to several operands: one that fails is told of, and the others are done all the
 * same. For one thread.
 */
final class Each {
  private final Invocation in;
  private final String command;
  private boolean failed;

  /** What is done to one. */
  @FunctionalInterface
  interface Action {
    void run() throws IOException;
  }

  Each(Invocation in, String command) {
    this.in = in;
    this.command = command;
  }

  void run(String operand, Action action) {
    try {
      action.run();
    } catch (UncheckedIOException | IOException e) {
      complain(operand, e);
    }
  }

  private void complain(String operand, Exception e) {
    failed = true;
    String sentence = Program.explain(e);
    in.terminal().out().flush();
    in.terminal()
        .err()
        .println(
            "ashlar "
                + command
                + ": "
                + Terminal.harmless(
                    sentence.contains(operand) ? sentence : operand + ": " + sentence));
    if ("1".equals(in.terminal().variable("ASHLAR_DEBUG"))) {
      e.printStackTrace(in.terminal().err());
    }
  }

  boolean failed() {
    return failed;
  }
}
