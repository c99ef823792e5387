package dev.ashlar.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.junit.jupiter.api.Test;

class ProgramTest {
  private final TestTerminal terminal = TestTerminal.create();

  /** What the command does with its arguments. */
  @FunctionalInterface
  private interface Body {
    int run(Invocation in) throws UsageException, IOException;
  }

  private record Probe(Body body) implements CliCommand {
    @Override
    public String name() {
      return "probe";
    }

    @Override
    public String summary() {
      return "try things";
    }

    @Override
    public String arguments() {
      return "[-x] THING";
    }

    @Override
    public Options options() {
      return new Options()
          .addOption("x", "extra", false, "more of it")
          .addOption(
              Option.builder().longOpt("cluster").hasArg().argName("WHERE").desc("where").get())
          .addOption(
              Option.builder().longOpt("count").hasArg().argName("N").desc("how many").get());
    }

    @Override
    public List<String> examples() {
      return List.of("bin/ashlar probe it");
    }

    @Override
    public int run(Invocation in) throws UsageException, IOException {
      return body.run(in);
    }
  }

  private int run(Body body, String... arguments) {
    return new Program(
            List.of(new Program.Section("Probing", List.of(new Probe(body)))),
            terminal.terminal(),
            "9")
        .run(arguments);
  }

  private static final Body GOOD = in -> ExitCode.GOOD;

  @Test
  void withoutArgumentsItHelps() {
    assertEquals(ExitCode.GOOD, run(GOOD));
    assertTrue(terminal.out().contains("probe          try things"), terminal::out);
  }

  @Test
  void everyCommandHasHelpWithAnExample() {
    assertEquals(ExitCode.GOOD, run(GOOD, "probe", "--help"));
    assertTrue(terminal.out().contains("Usage: bin/ashlar probe [-x] THING"), terminal::out);
    assertTrue(terminal.out().contains("Example:\n  bin/ashlar probe it"), terminal::out);
    assertTrue(terminal.out().contains("--count N"), terminal::out);
  }

  @Test
  void optionsMayStandBeforeAndAfterTheCommand() {
    Body body =
        in -> {
          assertEquals("here", in.text("cluster"));
          assertTrue(in.has("x"));
          assertEquals(List.of("a", "-", "-b"), in.operands());
          return ExitCode.GOOD;
        };
    assertEquals(
        ExitCode.GOOD, run(body, "--cluster", "here", "probe", "a", "-", "-x", "--", "-b"));
    assertEquals(ExitCode.GOOD, run(body, "probe", "a", "-", "-x", "--cluster=here", "--", "-b"));
  }

  @Test
  void wrongUsageIsOneSentenceWithAHint() {
    for (List<String> wrong :
        List.of(
            List.of("prob"),
            List.of("probe", "--nonsense"),
            List.of("probe", "--count"),
            List.of("probe", "--count", "1", "--count", "2"),
            List.of("--bad"),
            List.of("help", "me"))) {
      int before = terminal.err().length();
      assertEquals(ExitCode.USAGE, run(GOOD, wrong.toArray(String[]::new)), wrong::toString);
      String said = terminal.err().substring(before);
      assertEquals(1, said.lines().count(), said);
      assertTrue(said.contains("Try 'bin/ashlar "), said);
    }
    assertTrue(terminal.err().contains("did you mean 'probe'?"), terminal::err);
  }

  @Test
  void numbersAreChecked() {
    Body body = in -> in.integer("count", 5, 1, 9);
    assertEquals(5, run(body, "probe"));
    assertEquals(7, run(body, "probe", "--count", "7"));
    assertEquals(ExitCode.USAGE, run(body, "probe", "--count", "10"));
    assertEquals(ExitCode.USAGE, run(body, "probe", "--count", "x"));
  }

  @Test
  void aFailureIsOneSentenceWithoutATrace() {
    Body body =
        in -> {
          throw new AshlarException(ErrorCode.NOT_FOUND, "There is no /x\u001b[2J\nhere");
        };
    assertEquals(ExitCode.FAILED, run(body, "probe"));
    assertEquals("ashlar probe: There is no /x?[2J?here.\n", terminal.err());
  }

  @Test
  void debuggingShowsTheTrace() {
    TestTerminal debug = TestTerminal.create(Map.of("ASHLAR_DEBUG", "1"));
    Body body =
        in -> {
          throw new IllegalStateException("bug");
        };
    new Program(
            List.of(new Program.Section("Probing", List.of(new Probe(body)))),
            debug.terminal(),
            "9")
        .run("probe");
    assertTrue(debug.err().contains("at dev.ashlar.cli.ProgramTest"), debug::err);
    assertEquals(ExitCode.FAILED, run(body, "probe"));
    assertFalse(terminal.err().contains("\tat "), terminal::err);
  }
}
