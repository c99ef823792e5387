package dev.ashlar.cli.command;

import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.ExitCode;
import dev.ashlar.cli.FailedException;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.Progress;
import dev.ashlar.cli.UsageException;
import dev.ashlar.cli.remote.Connection;
import dev.ashlar.cli.remote.Place;
import dev.ashlar.cli.remote.RemoteFiles;
import dev.ashlar.cli.transfer.Tasks;
import dev.ashlar.client.Paths;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.MasterReply;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.commons.cli.Options;

/** rm: removes files and trees. */
public final class RmCommand implements CliCommand {
  private static final int PARALLEL = 64;

  @Override
  public String name() {
    return "rm";
  }

  @Override
  public String summary() {
    return "remove files, with -r directories and all in them";
  }

  @Override
  public String arguments() {
    return "[-r] [-f] REMOTE...";
  }

  @Override
  public String details() {
    return "The space is given back in the background. Symbolic links are removed, never followed.";
  }

  @Override
  public Options options() {
    return Connection.options()
        .addOption("r", "recursive", false, "remove directories and all in them")
        .addOption("f", "force", false, "no error for what is not there");
  }

  @Override
  public List<String> examples() {
    return List.of("bin/ashlar rm /docs/draft.txt", "bin/ashlar rm -r /backup/2019");
  }

  @Override
  public int run(Invocation in) throws UsageException, IOException {
    List<String> paths = in.operands(in.has("f") ? 0 : 1, Integer.MAX_VALUE, "at least one REMOTE");
    for (String path : paths) {
      Opt.remote(path);
    }
    if (paths.isEmpty()) {
      return ExitCode.GOOD;
    }
    try (Connection connection = Connection.open(in);
        Progress progress = Progress.start("rm", in.terminal())) {
      Tasks tasks = new Tasks(PARALLEL, sentence -> progress.say("ashlar rm: " + sentence));
      Removal removal = new Removal(connection.files(), tasks, progress);
      for (String path : paths) {
        tasks.guard(path, () -> removal.operand(path, in.has("r"), in.has("f")));
      }
      tasks.join();
      return tasks.failures() == 0 ? ExitCode.GOOD : ExitCode.FAILED;
    }
  }

  /**
   * Removes trees from the leaves up; for one thread, the unlinking itself is done by the tasks.
   */
  record Removal(RemoteFiles files, Tasks tasks, Progress progress) {
    void operand(String operand, boolean recursive, boolean force) throws IOException {
      String path = Paths.normalize(operand);
      if (path.equals("/")) {
        throw new FailedException("The root directory cannot be removed: name what is in it");
      }
      if (List.of(".", "..").contains(Paths.name(operand.replaceAll("/+$", "")))) {
        throw new FailedException("It ends in '.' or '..': name the directory itself");
      }
      MasterReply.Resolved r;
      try {
        r = files.resolve(path, false);
      } catch (AshlarException e) {
        if (force && e.code() == ErrorCode.NOT_FOUND) {
          return;
        }
        throw e;
      }
      if (!r.attr().isDirectory()) {
        if (operand.endsWith("/")) {
          throw new FailedException(path + " is not a directory");
        }
        remove(r.parent(), r.name(), false);
      } else if (recursive) {
        directory(r.parent(), r.name(), path, r.attr().inode());
      } else {
        throw new FailedException(path + " is a directory: rm -r removes it with all in it");
      }
    }

    private record Sub(String name, long inode) {}

    private void directory(long parent, String name, String path, long inode) throws IOException {
      List<Sub> below = new ArrayList<>();
      Iterator<MasterReply.Entry> entries = files.list(inode);
      while (!tasks.stopped() && entries.hasNext()) {
        MasterReply.Entry e = entries.next();
        if (e.attr().isDirectory()) {
          below.add(new Sub(e.name(), e.attr().inode()));
        } else {
          tasks.start(Place.below(path, e.name()), () -> remove(inode, e.name(), false));
        }
      }
      for (Sub sub : below) {
        directory(inode, sub.name, Place.below(path, sub.name), sub.inode);
      }
      tasks.join();
      if (!tasks.stopped()) {
        tasks.guard(path, () -> remove(parent, name, true));
      }
    }

    /** What somebody else removed meanwhile is removed too. */
    private void remove(long parent, String name, boolean directory) throws IOException {
      try {
        if (directory) {
          files.rmdir(parent, name);
        } else {
          files.unlink(parent, name);
        }
        progress.file();
      } catch (AshlarException e) {
        if (e.code() != ErrorCode.NOT_FOUND) {
          throw e;
        }
      }
    }
  }
}
