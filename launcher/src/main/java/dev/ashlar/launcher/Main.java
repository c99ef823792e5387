package dev.ashlar.launcher;

import dev.ashlar.cli.Program;
import dev.ashlar.cli.Terminal;
import dev.ashlar.cli.command.ClientCommands;
import dev.ashlar.simulation.SimulateCommand;
import dev.ashlar.torture.TortureCommand;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Where java starts. Ends the process with the command's exit code, whatever threads a library may
 * have left behind.
 */
public final class Main {
  static final String VERSION = "0.1.0";

  private Main() {}

  /** Runs the command that the arguments name. */
  public static void main(String[] arguments) {
    System.exit(run(arguments));
  }

  private static int run(String[] arguments) {
    PrintStream err = standardError();
    System.setErr(err);
    Logs.ofCommand("1".equals(System.getenv("ASHLAR_DEBUG")));
    Terminal terminal =
        Terminal.ofProcess(
            err, Boolean.getBoolean("ashlar.tty.out"), Boolean.getBoolean("ashlar.tty.err"));
    if (arguments.length > 0 && arguments[0].equals(Rehearsal.COMMAND)) {
      return Rehearsal.run(terminal);
    }
    List<Program.Section> sections = new ArrayList<>();
    sections.add(
        new Program.Section(
            "Try it", List.of(new DemoCommand(), new UpCommand(), new DownCommand())));
    sections.addAll(ClientCommands.sections());
    sections.add(
        new Program.Section(
            "Servers of a real cluster", List.of(new MasterCommand(), new ChunkServerCommand())));
    sections.add(
        new Program.Section(
            "Test Ashlar itself",
            List.of(new SimulateCommand(), new TortureCommand(Members::process))));
    return new Program(sections, terminal, VERSION).run(arguments);
  }

  /**
   * The start script sends the JVM's own messages through a filter and keeps the real standard
   * error open under the number {@code ashlar.stderr}. It must be that very open file, not one
   * opened anew by its path, which would have a position of its own and write over what others
   * wrote.
   */
  private static PrintStream standardError() {
    FileDescriptor target = FileDescriptor.err;
    Integer number = Integer.getInteger("ashlar.stderr");
    if (number != null) {
      try {
        Constructor<FileDescriptor> open = FileDescriptor.class.getDeclaredConstructor(int.class);
        open.setAccessible(true); // the start script opens java.io for this
        target = open.newInstance(number);
      } catch (ReflectiveOperationException | RuntimeException e) {
        target =
            FileDescriptor.err; // the filtered one does as well, but lines appear a little later
      }
    }
    return new PrintStream(new FileOutputStream(target), true, StandardCharsets.UTF_8);
  }
}
