package dev.ashlar.cli.command;

import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.ExitCode;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.Sizes;
import dev.ashlar.cli.UsageException;
import dev.ashlar.cli.remote.Connection;
import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.Paths;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.BlockPlace;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest.ScanFiles;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import org.apache.commons.cli.Options;

/** stat: all there is to know of one name. */
public final class StatCommand implements CliCommand {
  @Override
  public String name() {
    return "stat";
  }

  @Override
  public String summary() {
    return "show attributes, policy, chunks and where their blocks are";
  }

  @Override
  public String arguments() {
    return "[-L] REMOTE...";
  }

  @Override
  public Options options() {
    return Connection.options()
        .addOption("L", "dereference", false, "of a symbolic link, show what it leads to");
  }

  @Override
  public List<String> examples() {
    return List.of("bin/ashlar stat /docs/report.pdf");
  }

  @Override
  public int run(Invocation in) throws UsageException, IOException {
    List<String> paths = in.operands(1, Integer.MAX_VALUE, "at least one REMOTE");
    for (String path : paths) {
      Opt.remote(path);
    }
    try (Connection connection = Connection.open(in)) {
      Each each = new Each(in, name());
      for (String path : paths) {
        each.run(path, () -> print(connection.fs(), path, in));
      }
      return each.failed() ? ExitCode.FAILED : ExitCode.GOOD;
    }
  }

  private static void print(AshlarFileSystem fs, String path, Invocation in) throws IOException {
    Attr a = fs.resolve(Paths.normalize(path), in.has("L") || path.endsWith("/")).attr();
    PrintStream out = in.terminal().out();
    String target =
        a.type() == FileType.SYMLINK
            ? " -> " + in.terminal().printable(fs.readlink(a.inode()))
            : "";
    out.println("  name " + in.terminal().printable(path) + target);
    out.println(
        "  type "
            + a.type().name().toLowerCase(Locale.ROOT)
            + ", inode "
            + a.inode()
            + ", version "
            + a.version()
            + ", links "
            + a.links());
    out.println(
        "  size "
            + a.size()
            + (a.isDirectory() ? " entries" : " bytes (" + Sizes.human(a.size()) + ")"));
    out.printf(
        "  mode %s (%04o), owner %d, group %d%n", ModeText.of(a), a.mode(), a.uid(), a.gid());
    out.println("access " + Times.exact(a.accessedNs()));
    out.println("modify " + Times.exact(a.modifiedNs()));
    out.println("change " + Times.exact(a.changedNs()));
    if (a.type() == FileType.SYMLINK) {
      return;
    }
    out.println("policy " + (a.policy().isEmpty() ? "as the directory above" : a.policy()));
    if (a.type() == FileType.FILE) {
      chunks(fs, out, Policy.parse(a.policy()), a.inode());
    }
  }

  /** All chunks of a file, or of a pack; those of a large file come in several pages. */
  private static void chunks(AshlarFileSystem fs, PrintStream out, Policy policy, long inode)
      throws IOException {
    ScanFiles ask = ScanFiles.of(inode);
    while (ask != null && ask.after() == inode - 1) { // else it is all there, or gone
      MasterReply.Files page = fs.scanFiles(ask);
      for (MasterReply.FileChunks f : page.files()) {
        if (f.attr().inode() == inode) {
          if (f.pack() != 0 && !ask.continues(inode)) {
            out.println("packed with other small files, inode " + f.pack());
            chunks(fs, out, policy, f.pack());
          }
          f.chunks().forEach(c -> chunk(out, policy, c));
        }
      }
      ask = page.next(1);
    }
  }

  private static void chunk(PrintStream out, Policy policy, ChunkPlace c) {
    out.printf(
        "chunk %d: id %x, version %d, %d bytes stored, %d valid, placement group %d (epoch %d)%n",
        c.index(),
        c.chunk(),
        c.version(),
        c.storedLength(),
        c.validLength(),
        c.group(),
        c.groupEpoch());
    long stored = BlockLayout.storedMask(policy, c.storedLength());
    for (int i = 0; i < c.blocks().size(); i++) {
      BlockPlace b = c.blocks().get(i);
      String what = i < policy.k() ? "data" : "parity";
      String where =
          (stored >>> i & 1) == 0
              ? "empty, not stored"
              : !b.exists()
                  ? "nowhere: to be rebuilt"
                  : (b.server().isEmpty() ? "server away" : b.server())
                      + "  disk "
                      + Long.toHexString(b.disk())
                      + (b.replacement() ? "  (replacement)" : "");
      out.printf(
          "  block %-2d %-6s %9d bytes  %s%n",
          i, what, BlockLayout.blockLength(policy, c.storedLength(), i), where);
    }
  }
}
