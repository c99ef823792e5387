package dev.ashlar.cli;

import dev.ashlar.protocol.AshlarException;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.MissingArgumentException;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.apache.commons.cli.ParseException;
import org.apache.commons.cli.UnrecognizedOptionException;

/**
 * Finds the command, reads its arguments, runs it, and turns whatever goes wrong into one sentence
 * and an exit code.
 */
public final class Program {
  /** Commands of one kind, for the help page. */
  public record Section(String title, List<CliCommand> commands) {}

  private static final String NAME = "bin/ashlar";
  private final List<Section> sections;
  private final Terminal terminal;
  private final String version;

  public Program(List<Section> sections, Terminal terminal, String version) {
    this.sections = List.copyOf(sections);
    this.terminal = terminal;
    this.version = version;
  }

  /**
   * Runs the command that the arguments name.
   *
   * @return exit code, see {@link ExitCode}
   */
  public int run(String... arguments) {
    try {
      return dispatch(new ArrayList<>(Arrays.asList(arguments)));
    } finally {
      terminal.out().flush();
      terminal.err().flush();
    }
  }

  private int dispatch(List<String> arguments) {
    List<String> leading = leadingOptions(arguments);
    if (arguments.isEmpty() || arguments.getFirst().equals("help")) {
      return help(leading, arguments);
    }
    String word = arguments.removeFirst();
    Optional<CliCommand> command = find(word);
    if (command.isEmpty()) {
      return usage(NAME, "There is no command '" + word + "'" + similar(word), NAME + " help");
    }
    arguments.addAll(0, leading);
    return run(command.get(), arguments);
  }

  /** Takes options that stand before the command: they are read with the command's own. */
  private static List<String> leadingOptions(List<String> arguments) {
    List<String> leading = new ArrayList<>();
    while (!arguments.isEmpty()
        && arguments.getFirst().startsWith("-")
        && !arguments.getFirst().equals("-")) {
      String option = arguments.removeFirst();
      leading.add(option);
      if (option.equals("--cluster") && !arguments.isEmpty()) {
        leading.add(arguments.removeFirst());
      }
    }
    return leading;
  }

  private int help(List<String> leading, List<String> arguments) {
    if (leading.contains("--version")) {
      terminal.out().println("ashlar " + version);
      return ExitCode.GOOD;
    }
    List<String> strange =
        leading.stream().filter(o -> !o.equals("--help") && !o.equals("-h")).toList();
    if (!strange.isEmpty()) {
      return usage(NAME, "No command given, only " + String.join(" ", strange), NAME + " help");
    }
    List<String> words = arguments.isEmpty() ? arguments : arguments.subList(1, arguments.size());
    if (words.isEmpty() || words.getFirst().startsWith("-")) {
      overview(terminal.out());
      return ExitCode.GOOD;
    }
    Optional<CliCommand> command = find(words.getFirst());
    if (command.isEmpty()) {
      return usage(
          NAME,
          "There is no command '" + words.getFirst() + "'" + similar(words.getFirst()),
          NAME + " help");
    }
    HelpPage.print(command.get(), terminal.out());
    return ExitCode.GOOD;
  }

  private Optional<CliCommand> find(String word) {
    return sections.stream()
        .flatMap(s -> s.commands().stream())
        .filter(c -> c.name().equals(word))
        .findFirst();
  }

  private String similar(String word) {
    return sections.stream()
        .flatMap(s -> s.commands().stream())
        .map(CliCommand::name)
        .filter(n -> Similar.close(n, word))
        .findFirst()
        .map(n -> "; did you mean '" + n + "'?")
        .orElse("");
  }

  private void overview(PrintStream out) {
    out.println(
        "Ashlar "
            + version
            + ": a store for files, erasure coded over many servers, that makes itself whole again.");
    out.println();
    out.println("Usage: " + NAME + " COMMAND [OPTION]... [OPERAND]...");
    for (Section section : sections) {
      out.println();
      out.println(section.title() + ":");
      for (CliCommand c : section.commands()) {
        out.printf("  %-14s %s%n", c.name(), c.summary());
      }
    }
    out.println();
    out.println(
        "Clients find the cluster by --cluster HOST:PORT,..., else the variable ASHLAR_CLUSTER, else at 127.0.0.1:7420.");
    out.println(
        "'"
            + NAME
            + " COMMAND --help' explains a command, with an example. See it work: '"
            + NAME
            + " demo'.");
  }

  private int run(CliCommand command, List<String> arguments) {
    String label = "ashlar " + command.name();
    String hint = NAME + " " + command.name() + " --help";
    try {
      if (asksForHelp(arguments)) {
        HelpPage.print(command, terminal.out());
        return ExitCode.GOOD;
      }
      return command.run(new Invocation(parse(command, arguments), terminal));
    } catch (UsageException e) {
      return usage(label, e.getMessage(), hint);
    } catch (IOException | RuntimeException e) {
      return failed(label, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return failed(label, new FailedException("Interrupted", e));
    }
  }

  private static boolean asksForHelp(List<String> arguments) {
    int end = arguments.indexOf("--");
    return (end < 0 ? arguments : arguments.subList(0, end)).contains("--help");
  }

  /** Reads the arguments of a command. */
  public static CommandLine parse(CliCommand command, List<String> arguments)
      throws UsageException {
    Options options = new Options();
    for (Option o : command.options().getOptions()) {
      options.addOption((Option) o.clone()); // commons-cli keeps parsed values inside
    }
    try {
      CommandLine line =
          DefaultParser.builder()
              .setAllowPartialMatching(false)
              .get()
              .parse(options, arguments.toArray(String[]::new));
      Set<String> seen = new HashSet<>();
      for (Option o : line.getOptions()) {
        if (o.hasArg() && !o.hasArgs() && !seen.add(o.getKey())) {
          throw new UsageException("Option " + HelpPage.flag(o) + " stands there twice");
        }
      }
      return line;
    } catch (UnrecognizedOptionException e) {
      throw new UsageException("There is no option " + e.getOption(), e);
    } catch (MissingArgumentException e) {
      throw new UsageException("Option " + HelpPage.flag(e.getOption()) + " needs a value", e);
    } catch (ParseException e) {
      throw new UsageException(String.valueOf(e.getMessage()), e);
    }
  }

  private int usage(String label, @org.jspecify.annotations.Nullable String message, String hint) {
    terminal.out().flush();
    terminal
        .err()
        .println(label + ": " + sentence(String.valueOf(message)) + " Try '" + hint + "'.");
    return ExitCode.USAGE;
  }

  private int failed(String label, Throwable e) {
    terminal.out().flush();
    terminal.err().println(label + ": " + sentence(explain(e)));
    if ("1".equals(terminal.variable("ASHLAR_DEBUG"))) {
      e.printStackTrace(terminal.err());
    }
    return ExitCode.FAILED;
  }

  private static String sentence(String text) {
    String t = Terminal.harmless(text.strip());
    return t.endsWith(".") || t.endsWith("?") || t.endsWith("!") ? t : t + ".";
  }

  /** The failure itself, if this only carries it. */
  public static Throwable unwrap(Throwable e) {
    return e instanceof UncheckedIOException u && u.getCause() != null ? u.getCause() : e;
  }

  /** One sentence for a failure of any kind. */
  public static String explain(Throwable failure) {
    Throwable e = unwrap(failure);
    String message = e.getMessage();
    return switch (e) {
      case AshlarException a -> message == null || message.isBlank() ? a.code().name() : message;
      case FailedException f -> String.valueOf(message);
      case NoSuchFileException n -> n.getFile() + ": no such file or directory";
      case AccessDeniedException a -> a.getFile() + ": permission denied";
      case FileSystemException f ->
          f.getFile()
              + ": "
              + (f.getReason() == null ? f.getClass().getSimpleName() : f.getReason());
      case IOException i -> message == null ? i.getClass().getSimpleName() : message;
      default -> "This is a bug: " + e + " (ASHLAR_DEBUG=1 shows where)";
    };
  }
}
