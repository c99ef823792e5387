package dev.ashlar.cli.command;

import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.ExitCode;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.Sizes;
import dev.ashlar.cli.UsageException;
import dev.ashlar.cli.remote.Connection;
import dev.ashlar.cli.remote.Place;
import dev.ashlar.cli.remote.RemoteFiles;
import dev.ashlar.client.Paths;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterReply;
import java.io.IOException;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.apache.commons.cli.Options;

/** du: bytes in trees. */
public final class DuCommand implements CliCommand {
  @Override
  public String name() {
    return "du";
  }

  @Override
  public String summary() {
    return "sum the sizes of files in directories";
  }

  @Override
  public String arguments() {
    return "[-s] [-h] [REMOTE...]";
  }

  @Override
  public String details() {
    return "Sizes are bytes of files, without redundancy ('df' shows what is used of the disks). A file with several names counts once.";
  }

  @Override
  public Options options() {
    return Connection.options()
        .addOption("s", "summarize", false, "only the sum of each operand")
        .addOption("h", "human", false, "sizes as 1.5 MiB");
  }

  @Override
  public List<String> examples() {
    return List.of("bin/ashlar du -s -h /backup");
  }

  @Override
  public int run(Invocation in) throws UsageException, IOException {
    List<String> paths = in.operands().isEmpty() ? List.of("/") : in.operands();
    for (String path : paths) {
      Opt.remote(path);
    }
    try (Connection connection = Connection.open(in)) {
      Each each = new Each(in, name());
      Sum sum = new Sum(connection.files(), in);
      for (String path : paths) {
        each.run(
            path,
            () -> {
              Attr attr = connection.fs().resolve(Paths.normalize(path), path.endsWith("/")).attr();
              sum.print(sum.of(attr, path), path);
            });
      }
      return each.failed() ? ExitCode.FAILED : ExitCode.GOOD;
    }
  }

  /** Adds up a tree; for one thread. */
  private static final class Sum {
    private final RemoteFiles files;
    private final Invocation in;
    private final Set<Long> seen = new HashSet<>();

    Sum(RemoteFiles files, Invocation in) {
      this.files = files;
      this.in = in;
    }

    long of(Attr attr, String path) {
      if (!attr.isDirectory()) {
        return attr.type() == FileType.FILE && (attr.links() < 2 || seen.add(attr.inode()))
            ? attr.size()
            : 0;
      }
      long total = 0;
      Iterator<MasterReply.Entry> entries = files.list(attr.inode());
      while (entries.hasNext()) {
        MasterReply.Entry e = entries.next();
        String child = Place.below(path, e.name());
        long bytes = of(e.attr(), child);
        total += bytes;
        if (e.attr().isDirectory() && !in.has("s")) {
          print(bytes, child);
        }
      }
      return total;
    }

    void print(long bytes, String path) {
      in.terminal()
          .out()
          .println(
              (in.has("h") ? Sizes.human(bytes) : Long.toString(bytes))
                  + "\t"
                  + in.terminal().printable(path));
    }
  }
}
