package dev.ashlar.cli.command;

import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.ExitCode;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.Json;
import dev.ashlar.cli.Progress;
import dev.ashlar.cli.Sizes;
import dev.ashlar.cli.Terminal;
import dev.ashlar.cli.UsageException;
import dev.ashlar.cli.fsck.ClusterFsck;
import dev.ashlar.cli.fsck.Fsck;
import dev.ashlar.cli.fsck.FsckReport;
import dev.ashlar.cli.fsck.Problem;
import dev.ashlar.cli.remote.Connection;
import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.Paths;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterReply;
import java.io.IOException;
import java.io.PrintStream;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.LongPredicate;
import java.util.stream.Collectors;
import org.apache.commons.cli.Options;
import org.jspecify.annotations.Nullable;

/** fsck: metadata against blocks. */
public final class FsckCommand implements CliCommand {
  @Override
  public String name() {
    return "fsck";
  }

  @Override
  public String summary() {
    return "compare metadata with the blocks on all disks; changes nothing";
  }

  @Override
  public String arguments() {
    return "[--verify] [--json] [REMOTE]";
  }

  @Override
  public String details() {
    return """
    Reports blocks that are missing, wrong or needed by nobody, chunks without full redundancy, and files that lost data. With REMOTE only the files there.
    --verify reads every byte, checks it against the writer's checksums and compares parity with data.
    Exit code 0 only if nothing is wrong. Blocks of writes and deletions under way are counted, and are not wrong.
    """;
  }

  @Override
  public Options options() {
    return Connection.options()
        .addOption(Opt.flag("verify", "read every byte, compare parity with data"))
        .addOption(Opt.flag("json", "one JSON object, see docs/OPERATIONS.md"));
  }

  @Override
  public List<String> examples() {
    return List.of("bin/ashlar fsck", "bin/ashlar fsck --verify /backup");
  }

  @Override
  public int run(Invocation in) throws UsageException, IOException {
    List<String> operands = in.operands(0, 1, "at most one REMOTE");
    String path = operands.isEmpty() ? "/" : Opt.remote(operands.getFirst());
    Terminal terminal = in.terminal();
    try (Connection connection = Connection.open(in);
        ClusterFsck cluster = new ClusterFsck(connection.fs());
        Progress progress = Progress.start("fsck", terminal)) {
      FsckReport report =
          new Fsck(cluster, progress, p -> tell(in, progress, p))
              .run(
                  Paths.normalize(path),
                  operands.isEmpty() ? null : below(connection.fs(), path),
                  in.has("verify"));
      if (in.has("json")) {
        terminal.out().println(Json.pretty(report));
      } else {
        print(report, terminal.out());
      }
      return report.clean() ? ExitCode.GOOD : ExitCode.FAILED;
    }
  }

  private static void tell(Invocation in, Progress progress, Problem p) {
    if (in.has("json")) {
      return;
    }
    StringBuilder line = new StringBuilder(p.kind().name().toLowerCase(Locale.ROOT)).append(": ");
    if (!p.path().isEmpty()) {
      line.append(p.path())
          .append(p.index() < 0 ? "" : ", chunk " + p.index() + " (" + p.chunk() + ")")
          .append(p.block() < 0 ? "" : ", block " + p.block())
          .append(": ");
    }
    line.append(p.detail());
    if (!p.server().isEmpty()) {
      line.append(" (")
          .append(p.server())
          .append(p.disk().isEmpty() ? "" : ", disk " + p.disk())
          .append(')');
    }
    progress.say(Terminal.harmless(line.toString()));
  }

  static void print(FsckReport r, PrintStream out) {
    out.printf(
        "checked     %d files, %s, in %d chunks; %d blocks on disks%n",
        r.files(), Sizes.human(r.bytes()), r.chunks(), r.blocks());
    if (r.verified()) {
      out.printf(
          "verified    %d chunks, %s read, parity compared with data%n",
          r.verifiedChunks(), Sizes.human(r.verifiedBytes()));
    }
    if (r.staged() + r.pendingDeletion() > 0) {
      out.printf(
          "under way   %d blocks of writes, %d of deletions%n", r.staged(), r.pendingDeletion());
    }
    String counts =
        r.counts().entrySet().stream()
            .map(e -> e.getValue() + " " + e.getKey().name().toLowerCase(Locale.ROOT))
            .collect(Collectors.joining(", "));
    out.println(r.clean() ? "clean" : "problems    " + counts);
  }

  /** The inodes of the files at and below a path. */
  private static LongPredicate below(AshlarFileSystem fs, String path) throws IOException {
    Set<Long> inodes = new HashSet<>();
    collect(fs, fs.resolve(Paths.normalize(path), true).attr(), inodes);
    return inodes::contains;
  }

  private static void collect(AshlarFileSystem fs, @Nullable Attr attr, Set<Long> inodes) {
    if (attr == null || attr.type() == FileType.SYMLINK) {
      return;
    }
    if (!attr.isDirectory()) {
      inodes.add(attr.inode());
      return;
    }
    Iterator<MasterReply.Entry> entries = fs.list(attr.inode());
    while (entries.hasNext()) {
      collect(fs, entries.next().attr(), inodes);
    }
  }
}
