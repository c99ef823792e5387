package dev.ashlar.launcher;

import dev.ashlar.cli.Durations;
import dev.ashlar.cli.Invocation;
import dev.ashlar.cli.Sizes;
import dev.ashlar.cli.UsageException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.commons.cli.Options;

/**
 * Settings that all chunk servers of a local cluster share, as their command takes them. What is
 * not set has that command's default.
 *
 * @param values by flag
 */
record ServerSettings(SortedMap<String, String> values) {
  static final ServerSettings DEFAULT = new ServerSettings(new TreeMap<>());

  private static final String CAPACITY = "capacity";

  private enum Kind {
    SIZE,
    TIME
  }

  /** The flags of {@code up} and keys of the file. */
  private static final Map<String, Kind> FLAGS =
      Map.of(
          CAPACITY,
          Kind.SIZE,
          "scrub-period",
          Kind.TIME,
          "scrub-rate",
          Kind.SIZE,
          "rebuild-rate",
          Kind.SIZE);

  ServerSettings {
    values = Collections.unmodifiableSortedMap(new TreeMap<>(values));
    values.forEach(ServerSettings::check);
  }

  private static void check(String flag, String value) {
    boolean positive =
        switch (FLAGS.get(flag)) {
          case SIZE -> Sizes.parse(value) > 0;
          case TIME -> Durations.parse(value).compareTo(Duration.ZERO) > 0;
          case null -> throw new IllegalArgumentException("there is no setting '" + flag + "'");
        };
    if (!positive) {
      throw new IllegalArgumentException(flag + " must be more than nothing");
    }
  }

  static void addTo(Options options) {
    options
        .addOption(
            ServerArguments.option(
                CAPACITY,
                "SIZE",
                "most that each disk holds (default: all that its file system has)"))
        .addOption(
            ServerArguments.option(
                "scrub-period",
                "TIME",
                "every block is re-read and checked within this (default 14d)"))
        .addOption(
            ServerArguments.option(
                "scrub-rate",
                "SIZE",
                "most bytes per second that the scrub of one disk reads (default 64m)"))
        .addOption(
            ServerArguments.option(
                "rebuild-rate",
                "SIZE",
                "most bytes per second of all rebuilds of one server (default 1g)"));
  }

  static ServerSettings of(Invocation in) throws UsageException {
    SortedMap<String, String> given = new TreeMap<>();
    for (String flag : FLAGS.keySet()) {
      String text = in.text(flag);
      if (text != null) {
        try {
          check(flag, text.strip());
        } catch (IllegalArgumentException e) {
          throw new UsageException("--" + flag + ": " + e.getMessage(), e);
        }
        given.put(flag, text.strip());
      }
    }
    return new ServerSettings(given);
  }

  /** These, and where they say nothing the others. */
  ServerSettings over(ServerSettings others) {
    SortedMap<String, String> all = new TreeMap<>(others.values);
    all.putAll(values);
    return new ServerSettings(all);
  }

  /**
   * @throws IllegalArgumentException if one of them makes no sense
   */
  static ServerSettings load(Properties p) {
    SortedMap<String, String> found = new TreeMap<>();
    for (String flag : FLAGS.keySet()) {
      String value = p.getProperty(flag);
      if (value != null) {
        found.put(flag, value.strip());
      }
    }
    return new ServerSettings(found);
  }

  void store(Properties p) {
    values.forEach(p::setProperty);
  }

  /** For the command line of a chunk server with these disks. */
  List<String> arguments(List<Path> disks) {
    List<String> arguments = new ArrayList<>();
    String capacity = values.get(CAPACITY);
    for (Path disk : disks) {
      arguments.addAll(List.of("--disk", disk + (capacity == null ? "" : "=" + capacity)));
    }
    values.forEach((flag, value) -> {
      if (!flag.equals(CAPACITY)) {
        arguments.addAll(List.of("--" + flag, value));
      }
    });
    return arguments;
  }
}
