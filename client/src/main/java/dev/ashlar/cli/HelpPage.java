package dev.ashlar.cli;

import java.io.PrintStream;
import java.util.Comparator;
import java.util.List;
import org.apache.commons.cli.Option;

/** What --help prints of one command. */
final class HelpPage {
  private static final int COLUMN = 26;
  private static final int WIDTH = 110;

  private HelpPage() {}

  static void print(CliCommand command, PrintStream out) {
    out.println(
        "Usage: bin/ashlar "
            + command.name()
            + (command.arguments().isEmpty() ? "" : " " + command.arguments()));
    out.println(command.summary() + ".");
    if (!command.details().isEmpty()) {
      out.println();
      command.details().strip().lines().forEach(out::println);
    }
    out.println();
    out.println("Options:");
    List<Option> options =
        command.options().getOptions().stream()
            .sorted(Comparator.comparing(HelpPage::sortKey))
            .toList();
    for (Option o : options) {
      row(out, left(o), o.getDescription() == null ? "" : o.getDescription());
    }
    row(out, "      --help", "this page");
    out.println();
    out.println(command.examples().size() == 1 ? "Example:" : "Examples:");
    command.examples().forEach(e -> out.println("  " + e));
  }

  private static String sortKey(Option o) {
    return o.getLongOpt() == null ? o.getOpt() : o.getLongOpt();
  }

  private static String left(Option o) {
    String shown =
        o.getOpt() == null ? "    " : "-" + o.getOpt() + (o.getLongOpt() == null ? "" : ", ");
    if (o.getLongOpt() != null) {
      shown += "--" + o.getLongOpt();
    }
    return "  "
        + (o.hasArg() ? shown + " " + (o.getArgName() == null ? "VALUE" : o.getArgName()) : shown);
  }

  private static void row(PrintStream out, String left, String right) {
    StringBuilder line = new StringBuilder(left);
    if (left.length() >= COLUMN) {
      out.println(line);
      line.setLength(0);
    }
    line.repeat(' ', COLUMN - line.length());
    for (String word : right.split(" ", -1)) {
      if (line.length() + word.length() >= WIDTH) {
        out.println(line.toString().stripTrailing());
        line.setLength(0);
        line.repeat(' ', COLUMN);
      }
      line.append(word).append(' ');
    }
    out.println(line.toString().stripTrailing());
  }

  /** How an option is called in a sentence. */
  static String flag(Option o) {
    return o.getLongOpt() == null ? "-" + o.getOpt() : "--" + o.getLongOpt();
  }
}
