package dev.ashlar.cli.command;

import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.ExitCode;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.Program;
import dev.ashlar.cli.Sizes;
import dev.ashlar.cli.Terminal;
import dev.ashlar.cli.UsageException;
import dev.ashlar.cli.remote.Connection;
import dev.ashlar.cli.remote.Place;
import dev.ashlar.cli.remote.RemoteFiles;
import dev.ashlar.client.Paths;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterReply;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.commons.cli.Options;

/** ls: names in directories. */
public final class LsCommand implements CliCommand {
  @Override
  public String name() {
    return "ls";
  }

  @Override
  public String summary() {
    return "list directories, sorted by name";
  }

  @Override
  public String arguments() {
    return "[-l] [-h] [-R] [REMOTE...]";
  }

  @Override
  public String details() {
    return "Without REMOTE the root directory is listed. -l shows mode, links, owner, group, size in bytes, time of change, name.";
  }

  @Override
  public Options options() {
    return Connection.options()
        .addOption("l", "long", false, "one line with all attributes each")
        .addOption("R", "recursive", false, "all directories below too")
        .addOption("h", "human", false, "with -l: sizes as 1.5 MiB");
  }

  @Override
  public List<String> examples() {
    return List.of("bin/ashlar ls -l /docs", "bin/ashlar ls -R /");
  }

  @Override
  public int run(Invocation in) throws UsageException, IOException {
    List<String> paths = in.operands().isEmpty() ? List.of("/") : in.operands();
    for (String path : paths) {
      Opt.remote(path);
    }
    try (Connection connection = Connection.open(in)) {
      return new Listing(connection.files(), in.terminal(), in.has("l"), in.has("h"), in.has("R"))
          .print(paths);
    }
  }

  /** One run; for one thread. */
  static final class Listing {
    private final RemoteFiles files;
    private final Terminal terminal;
    private final boolean attributes;
    private final boolean human;
    private final boolean recursive;
    private boolean printed;
    private boolean failed;

    Listing(
        RemoteFiles files,
        Terminal terminal,
        boolean attributes,
        boolean human,
        boolean recursive) {
      this.files = files;
      this.terminal = terminal;
      this.attributes = attributes;
      this.human = human;
      this.recursive = recursive;
    }

    private record Directory(String path, Attr attr) {}

    int print(List<String> paths) {
      List<Directory> directories = new ArrayList<>();
      for (String path : paths) {
        try {
          Attr attr =
              files.resolve(Paths.normalize(path), !attributes || path.endsWith("/")).attr();
          if (attr.isDirectory()) {
            directories.add(new Directory(path, attr));
          } else {
            line(attr, path);
          }
        } catch (IOException e) {
          complain(path, e);
        }
      }
      boolean titles = recursive || paths.size() > 1;
      for (Directory d : directories) {
        directory(d, titles);
      }
      return failed ? ExitCode.FAILED : ExitCode.GOOD;
    }

    private void directory(Directory d, boolean title) {
      if (title) {
        terminal.out().println((printed ? "\n" : "") + terminal.printable(d.path) + ":");
        printed = true;
      }
      List<Directory> below = new ArrayList<>();
      try {
        Iterator<MasterReply.Entry> entries = files.list(d.attr.inode());
        while (entries.hasNext()) {
          MasterReply.Entry e = entries.next();
          line(e.attr(), e.name());
          if (recursive && e.attr().isDirectory()) {
            below.add(new Directory(Place.below(d.path, e.name()), e.attr()));
          }
        }
      } catch (UncheckedIOException | IOException e) {
        complain(d.path, e);
      }
      for (Directory b : below) {
        directory(b, true);
      }
    }

    private void line(Attr a, String name) throws IOException {
      printed = true;
      String shown = terminal.printable(name);
      if (!attributes) {
        terminal.out().println(shown);
        return;
      }
      String size = human ? Sizes.human(a.size()) : Long.toString(a.size());
      String target =
          a.type() == FileType.SYMLINK
              ? " -> " + terminal.printable(files.readlink(a.inode()))
              : "";
      terminal
          .out()
          .printf(
              "%s %3d %5d %5d %12s %s %s%s%n",
              ModeText.of(a),
              a.links(),
              a.uid(),
              a.gid(),
              size,
              Times.minutes(a.modifiedNs()),
              shown,
              target);
    }

    private void complain(String path, Exception e) {
      failed = true;
      terminal.out().flush();
      String sentence = Program.explain(e);
      terminal
          .err()
          .println(
              "ashlar ls: "
                  + Terminal.harmless(sentence.contains(path) ? sentence : path + ": " + sentence));
    }
  }
}
