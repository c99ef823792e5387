package dev.ashlar.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.Options;
import org.apache.commons.cli.ParseException;

/** {@code bin/ashlar bench}: measures a cluster that it starts for itself, or the codec by JMH. */
public final class Main {
  private static final List<String> CASES =
      List.of(
          "put",
          "get",
          "small",
          "meta",
          "mixed",
          "tail",
          "degraded",
          "rebuild",
          "failover",
          "start",
          "machine");

  private static final String USAGE =
      """
      Usage: ashlar bench [CASE...] [OPTIONS]      measure a cluster started for the purpose
             ashlar bench codec [JMH OPTIONS]      measure the codec alone

      Cases: put, get, small, meta, mixed, tail (a server stands still), degraded, rebuild,
      failover (the leading master is killed), start, machine (what put, get and a sync cost at
      least here); without one, all of them.

        --size MIB       size of the large file, default 1024
        --files N        number of small files, default 2000
        --threads N      of the parallel cases, default 8
        --repeat N       runs of the large cases, default 3
        --masters N      default 3
        --servers N      default 10
        --policy P       default rs-6-3
        --port P         first port of the cluster, default 7920
        --dir D          where the cluster lives while it is measured, default a temporary directory
        --json           one object per line

      Example: ashlar bench put get --repeat 1
      """;

  private Main() {}

  public static void main(String[] arguments) throws Exception {
    if (arguments.length > 0 && arguments[0].equals("bench")) {
      main(Arrays.copyOfRange(arguments, 1, arguments.length));
    } else if (arguments.length > 0 && arguments[0].equals("codec")) {
      org.openjdk.jmh.Main.main(Arrays.copyOfRange(arguments, 1, arguments.length));
    } else if (Set.copyOf(Arrays.asList(arguments)).contains("--help")) {
      System.out.print(USAGE);
    } else {
      System.exit(measure(arguments));
    }
  }

  private static Options options() {
    Options options = new Options();
    for (String name :
        List.of(
            "size", "files", "threads", "repeat", "masters", "servers", "policy", "port", "dir")) {
      options.addOption(null, name, true, "");
    }
    return options.addOption(null, "json", false, "");
  }

  private static int number(CommandLine line, String name, int otherwise) throws ParseException {
    try {
      int value = Integer.parseInt(line.getOptionValue(name, "" + otherwise));
      if (value > 0) {
        return value;
      }
    } catch (NumberFormatException e) {
      // told below, with the value that was given
    }
    throw new ParseException(
        "--" + name + " takes a whole number above 0, not '" + line.getOptionValue(name) + "'");
  }

  private static int measure(String[] arguments) throws IOException {
    Settings settings;
    List<String> cases;
    boolean json;
    try {
      CommandLine line = new DefaultParser().parse(options(), arguments);
      json = line.hasOption("json");
      cases = line.getArgList().isEmpty() ? CASES : line.getArgList();
      for (String c : cases) {
        if (!CASES.contains(c)) {
          throw new ParseException(
              "No case is called '" + c + "': use " + String.join(", ", CASES) + " or codec");
        }
      }
      Path dir =
          line.hasOption("dir")
              ? Path.of(line.getOptionValue("dir"))
              : Files.createTempDirectory("ashlar-bench").resolve("cluster");
      String program = System.getProperty("ashlar.program", "bin/ashlar");
      settings =
          new Settings(
              program,
              dir,
              number(line, "masters", 3),
              number(line, "servers", 10),
              line.getOptionValue("policy", "rs-6-3"),
              number(line, "port", 7920),
              (long) number(line, "size", 1024) << 20,
              number(line, "files", 2000),
              number(line, "threads", 8),
              number(line, "repeat", 3));
    } catch (ParseException e) {
      System.err.println("ashlar bench: " + e.getMessage() + " (see 'ashlar bench --help')");
      return 2;
    }
    return run(settings, cases, json);
  }

  private static int run(Settings settings, List<String> cases, boolean json) throws IOException {
    Path source = Files.createTempFile("ashlar-bench", ".source");
    Files.delete(source);
    Cases.makeSource(source, settings.bytes());
    try (BenchCluster cluster = BenchCluster.start(settings)) {
      Consumer<Result> out = r -> System.out.println(json ? r.json() : r.text());
      Cases all = new Cases(settings, cluster, out, source);
      all.memory();
      for (String c : cases) {
        switch (c) {
          case "put" -> all.put();
          case "get" -> all.get();
          case "small" -> all.small();
          case "meta" -> all.meta();
          case "mixed" -> new MixedCase(settings, cluster, out).run();
          case "tail" -> new TailCase(settings, cluster, out).run(all.needBig());
          case "degraded" -> all.degraded();
          case "rebuild" -> all.rebuild();
          case "failover" -> new FailoverCase(settings, cluster, out).run();
          case "machine" -> new MachineCase(settings, out).run(source);
          case "start" -> new StartCase(settings, cluster, out).run(source);
          default -> throw new IllegalStateException(c);
        }
      }
      all.memory();
    } finally {
      Files.deleteIfExists(source);
    }
    return 0;
  }
}
