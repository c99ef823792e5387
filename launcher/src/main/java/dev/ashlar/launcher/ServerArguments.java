package dev.ashlar.launcher;

import dev.ashlar.cli.Durations;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.Sizes;
import dev.ashlar.cli.UsageException;
import java.io.IOException;
import java.io.Reader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.jspecify.annotations.Nullable;

/**
 * Settings of a server: flags, else the properties file that --config names, whose keys are the
 * flags' names.
 */
final class ServerArguments {
  static final String CONFIG = "config";
  static final String PID_FILE = "pid-file";
  static final String LOG = "log";
  private static final int MAX_PORT = 65535;

  private final Invocation in;
  private final Properties file;
  private final String source;

  private ServerArguments(Invocation in, Properties file, String source) {
    this.in = in;
    this.file = file;
    this.source = source;
  }

  /** Options that every server has. */
  static Options common() {
    return new Options()
        .addOption(
            option(
                CONFIG,
                "FILE",
                "properties file with the same settings, by the names of these flags; flags win"))
        .addOption(option(PID_FILE, "FILE", "where to write the process number while it serves"))
        .addOption(
            option(
                LOG, "FILE", "log file, set aside as FILE.1 at 8 MiB (default: standard error)"));
  }

  static Option option(String name, String argument, String description) {
    return Option.builder().longOpt(name).hasArg().argName(argument).desc(description).get();
  }

  static Option flag(String name, String description) {
    return Option.builder().longOpt(name).desc(description).get();
  }

  /**
   * @param known all options of the command: no other key may stand in the file
   */
  static ServerArguments of(Invocation in, Options known) throws UsageException, IOException {
    in.operands(0, 0, "no operand, only flags");
    Properties p = new Properties();
    String config = in.text(CONFIG);
    if (config == null) {
      return new ServerArguments(in, p, "");
    }
    try (Reader reader = Files.newBufferedReader(Path.of(config))) {
      p.load(reader);
    } catch (IllegalArgumentException e) {
      throw new UsageException(config + " is not a properties file: " + e.getMessage(), e);
    }
    Set<String> keys =
        known.getOptions().stream()
            .map(Option::getLongOpt)
            .filter(k -> !k.equals(CONFIG))
            .collect(Collectors.toCollection(TreeSet::new));
    for (String key : p.stringPropertyNames()) {
      if (!keys.contains(key)) {
        throw new UsageException(
            config + " has the unknown key '" + key + "': the keys are " + String.join(", ", keys));
      }
    }
    return new ServerArguments(in, p, config);
  }

  @Nullable String text(String key) {
    String flag = in.text(key);
    String value = flag != null ? flag : file.getProperty(key);
    return value == null || value.isBlank() ? null : value.strip();
  }

  String text(String key, String otherwise) {
    String value = text(key);
    return value == null ? otherwise : value;
  }

  String need(String key) throws UsageException {
    String value = text(key);
    if (value == null) {
      throw new UsageException(
          "--"
              + key
              + " is missing"
              + (source.isEmpty() ? "" : ", and " + source + " does not have it either"));
    }
    return value;
  }

  /** Values of a flag that may stand several times; in the file they are separated by commas. */
  List<String> all(String key) {
    String[] flags = in.line().getOptionValues(key);
    List<String> values = new ArrayList<>();
    for (String each : flags != null ? flags : new String[] {file.getProperty(key, "")}) {
      Arrays.stream(each.split(",", -1))
          .map(String::strip)
          .filter(s -> !s.isEmpty())
          .forEach(values::add);
    }
    return values;
  }

  /** A flag without a value; in the file {@code true} or {@code false}. */
  boolean on(String key) throws UsageException {
    String value = file.getProperty(key, "false").strip();
    if (!value.equals("true") && !value.equals("false")) {
      throw new UsageException(
          key + " in " + source + " must be true or false, but is '" + value + "'");
    }
    return in.has(key) || value.equals("true");
  }

  int integer(String key, int otherwise, int least, int most) throws UsageException {
    String text = text(key);
    return text == null ? otherwise : Invocation.integer("--" + key, text, least, most);
  }

  Duration duration(String key, Duration otherwise) throws UsageException {
    String text = text(key);
    try {
      return text == null ? otherwise : Durations.parse(text);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--" + key + ": " + e.getMessage(), e);
    }
  }

  long size(String key, long otherwise) throws UsageException {
    String text = text(key);
    return text == null ? otherwise : size(key, text);
  }

  static long size(String key, String text) throws UsageException {
    try {
      return Sizes.parse(text);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--" + key + ": " + e.getMessage(), e);
    }
  }

  /** Reads host:port and looks the host up. */
  static InetSocketAddress address(String key, String text) throws UsageException {
    hostPort(key, text);
    int colon = text.lastIndexOf(':');
    try {
      return new InetSocketAddress(
          InetAddress.getByName(text.substring(0, colon)),
          Integer.parseInt(text.substring(colon + 1)));
    } catch (UnknownHostException e) {
      throw new UsageException("--" + key + ": the host name in '" + text + "' is unknown", e);
    }
  }

  /** Checks the form host:port. */
  static String hostPort(String key, String text) throws UsageException {
    int colon = text.lastIndexOf(':');
    try {
      int port = Integer.parseInt(text.substring(colon + 1));
      if (colon > 0 && port >= 0 && port <= MAX_PORT) {
        return text;
      }
    } catch (NumberFormatException e) {
      throw new UsageException(
          "--" + key + " must be HOST:PORT, as in 10.0.0.1:7420, but is '" + text + "'", e);
    }
    throw new UsageException(
        "--" + key + " must be HOST:PORT, as in 10.0.0.1:7420, but is '" + text + "'");
  }
}
