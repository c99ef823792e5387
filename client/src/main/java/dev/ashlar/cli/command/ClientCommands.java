package dev.ashlar.cli.command;

import dev.ashlar.cli.Program;
import java.util.List;

/** All commands of this package, as the help page shows them. */
public final class ClientCommands {
  private ClientCommands() {}

  public static List<Program.Section> sections() {
    return List.of(
        new Program.Section(
            "Files",
            List.of(
                new PutCommand(),
                new GetCommand(),
                new CatCommand(),
                new LsCommand(),
                new StatCommand(),
                new MkdirCommand(),
                new MvCommand(),
                new RmCommand(),
                new DuCommand(),
                new DfCommand())),
        new Program.Section(
            "State of a cluster",
            List.of(
                new StatusCommand(),
                new FsckCommand(),
                new WaitHealthyCommand(),
                new MastersCommand())));
  }
}
