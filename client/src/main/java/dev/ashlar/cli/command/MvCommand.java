package dev.ashlar.cli.command;

import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.ExitCode;
import dev.ashlar.cli.FailedException;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.UsageException;
import dev.ashlar.cli.remote.Connection;
import dev.ashlar.cli.remote.Destination;
import dev.ashlar.cli.remote.Place;
import dev.ashlar.cli.remote.RemoteFiles;
import dev.ashlar.client.Paths;
import dev.ashlar.protocol.message.MasterReply;
import java.io.IOException;
import java.util.List;
import org.apache.commons.cli.Options;

/** mv: new names and places. */
public final class MvCommand implements CliCommand {
  @Override
  public String name() {
    return "mv";
  }

  @Override
  public String summary() {
    return "rename files and directories, or move them into a directory";
  }

  @Override
  public String arguments() {
    return "[-n] SOURCE... TARGET";
  }

  @Override
  public String details() {
    return "Each move is atomic. An existing file of the new name is replaced in the same instant.";
  }

  @Override
  public Options options() {
    return Connection.options()
        .addOption("n", "no-clobber", false, "fail rather than replace an existing file");
  }

  @Override
  public List<String> examples() {
    return List.of("bin/ashlar mv /docs/draft.txt /docs/final.txt", "bin/ashlar mv /a /b /archive");
  }

  @Override
  public int run(Invocation in) throws UsageException, IOException {
    List<String> operands =
        in.operands(2, Integer.MAX_VALUE, "at least one SOURCE and then TARGET");
    for (String path : operands) {
      Opt.remote(path);
    }
    List<String> sources = operands.subList(0, operands.size() - 1);
    try (Connection connection = Connection.open(in)) {
      Destination to = Destination.of(connection.files(), operands.getLast());
      if (sources.size() > 1 && to.directory() == null) {
        throw new FailedException(
            "Several sources need a directory to go to, and " + operands.getLast() + " is none");
      }
      Each each = new Each(in, name());
      for (String source : sources) {
        each.run(source, () -> move(connection.files(), source, to, in.has("n")));
      }
      return each.failed() ? ExitCode.FAILED : ExitCode.GOOD;
    }
  }

  static void move(RemoteFiles files, String source, Destination to, boolean noReplace)
      throws IOException {
    MasterReply.Resolved from = files.resolve(Paths.normalize(source), source.endsWith("/"));
    if (from.name().isEmpty()) {
      throw new FailedException("The root directory cannot be moved");
    }
    if (source.endsWith("/") && !from.attr().isDirectory()) {
      throw new FailedException(source + " is not a directory");
    }
    if (to.place() != null && to.mustBeDirectory() && !from.attr().isDirectory()) {
      throw new FailedException("There is no directory " + to.place().path());
    }
    Place place = to.forSource(files, from.name());
    if (place.parent() == from.parent() && place.name().equals(from.name())) {
      throw new FailedException(source + " and " + place.path() + " are the same");
    }
    if (place.existing() != null && place.existing().isDirectory() && !from.attr().isDirectory()) {
      throw new FailedException(place.path() + " is a directory: a file cannot take its place");
    }
    if (place.existing() != null && !place.existing().isDirectory() && from.attr().isDirectory()) {
      throw new FailedException(
          place.path() + " is not a directory: a directory cannot take its place");
    }
    files.rename(from.parent(), from.name(), place.parent(), place.name(), noReplace);
  }
}
