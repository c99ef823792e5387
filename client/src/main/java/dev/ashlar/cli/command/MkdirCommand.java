package dev.ashlar.cli.command;

import dev.ashlar.cli.CliCommand;
import dev.ashlar.cli.ExitCode;
import dev.ashlar.cli.FailedException;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.UsageException;
import dev.ashlar.cli.remote.Connection;
import dev.ashlar.cli.remote.Destination;
import dev.ashlar.client.Paths;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Attr;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.commons.cli.Options;

/** mkdir: new directories. */
public final class MkdirCommand implements CliCommand {
  private static final int MODE = 0755;
  private static final String POLICY = "ashlar.policy";

  @Override
  public String name() {
    return "mkdir";
  }

  @Override
  public String summary() {
    return "make directories";
  }

  @Override
  public String arguments() {
    return "[-p] [--policy POLICY] REMOTE...";
  }

  @Override
  public Options options() {
    return Connection.options()
        .addOption("p", "parents", false, "make what is missing above too; no error if it is there")
        .addOption(
            Opt.value(
                "policy",
                "POLICY",
                "redundancy of files made in it later, such as rs-6-3 or mirror-3"));
  }

  @Override
  public List<String> examples() {
    return List.of(
        "bin/ashlar mkdir -p /backup/2026/november", "bin/ashlar mkdir --policy mirror-3 /small");
  }

  @Override
  public int run(Invocation in) throws UsageException, IOException {
    List<String> paths = in.operands(1, Integer.MAX_VALUE, "at least one REMOTE");
    String policy = policy(in);
    for (String path : paths) {
      Opt.remote(path);
    }
    try (Connection connection = Connection.open(in)) {
      Each each = new Each(in, name());
      for (String path : paths) {
        each.run(
            path,
            () -> {
              Attr made =
                  in.has("p")
                      ? connection.fs().mkdirs(path, MODE)
                      : make(connection, Paths.normalize(path));
              if (!policy.isEmpty()) {
                connection
                    .fs()
                    .setxattr(
                        made.inode(),
                        POLICY,
                        policy.getBytes(StandardCharsets.UTF_8),
                        false,
                        false);
              }
            });
      }
      return each.failed() ? ExitCode.FAILED : ExitCode.GOOD;
    }
  }

  private static Attr make(Connection connection, String path) throws IOException {
    if (path.equals("/")) {
      throw new FailedException("/ exists already");
    }
    Attr parent = Destination.directory(connection.files(), Paths.parent(path));
    try {
      return connection.fs().mkdir(parent.inode(), Paths.name(path), MODE);
    } catch (AshlarException e) {
      if (e.code() == ErrorCode.EXISTS) {
        throw new FailedException(path + " exists already", e);
      }
      throw e;
    }
  }

  private static String policy(Invocation in) throws UsageException {
    try {
      String text = in.text("policy");
      return text == null ? "" : Policy.parse(text).toString();
    } catch (IllegalArgumentException e) {
      throw new UsageException("--policy: " + e.getMessage(), e);
    }
  }
}
