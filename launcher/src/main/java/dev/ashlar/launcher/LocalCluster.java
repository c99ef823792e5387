package dev.ashlar.launcher;

import dev.ashlar.cli.ExitCode;
import dev.ashlar.cli.FailedException;
import dev.ashlar.cli.Terminal;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Brings a local cluster up: in this process, in one in the background, or in many. For one thread.
 */
final class LocalCluster {
  /** Name of the pid file of a whole cluster in one process. */
  static final String EMBEDDED = "ashlar";

  /**
   * System property of the process that runs one in the background: settings are written and
   * checked.
   */
  static final String BACKGROUND = "ashlar.background";

  private static final JavaCommand.Memory EMBEDDED_MEMORY = new JavaCommand.Memory(1024, 64, 1024);

  /** Chunk servers are started after this time even if a master does not listen yet. */
  private static final Duration MASTERS_AHEAD = Duration.ofSeconds(5);

  private final ClusterDirectory directory;
  private ClusterSettings settings;
  private final Terminal terminal;

  LocalCluster(ClusterDirectory directory, ClusterSettings settings, Terminal terminal) {
    this.directory = directory;
    this.settings = settings;
    this.terminal = terminal;
  }

  /**
   * What {@link #start} left behind that {@link #stay} looks after: nothing, processes, or servers
   * in this one.
   *
   * @param leave whether to return at once
   */
  record Started(
      boolean leave, Map<String, Process> processes, @Nullable EmbeddedCluster embedded) {
    List<String> names() {
      return List.copyOf(processes.keySet());
    }
  }

  /** Starts what is missing and waits until the cluster is ready. */
  Started start(boolean detach) throws IOException, InterruptedException {
    Map<String, ProcessHandle> running = Processes.running(directory);
    boolean oneProcess = running.containsKey(EMBEDDED);
    if (settings.processes() ? oneProcess : !oneProcess && !running.isEmpty()) {
      throw new FailedException(
          "The cluster in "
              + directory.root()
              + " runs already, "
              + (oneProcess ? "in one process" : "in separate processes")
              + ": stop it with 'bin/ashlar down"
              + dirFlag()
              + "' first");
    }
    List<Members.Member> missing =
        oneProcess
            ? List.of()
            : members().all().stream().filter(m -> !running.containsKey(m.name())).toList();
    if (missing.isEmpty()) {
      settings.store(directory.settings());
      terminal.out().println("The cluster in " + directory.root() + " runs already.");
      reach();
      return new Started(true, Map.of(), null);
    }
    Processes.mustBeFree(missing.stream().flatMap(m -> m.ports().stream()).toList());
    List<Integer> wiped =
        settings.formed() ? MasterDirectories.wiped(directory, settings) : List.of();
    settings.store(directory.settings());
    Started started =
        settings.processes() ? separate(running, wiped, detach) : oneProcess(wiped, detach);
    if (!settings.formed()) {
      settings = settings.withFormed();
      settings.store(directory.settings());
    }
    terminal
        .out()
        .println(
            (running.isEmpty() ? "" : "Started " + String.join(", ", started.names()) + ". ")
                + "The cluster is ready: "
                + composition()
                + ", data in "
                + directory.root()
                + ".");
    reach();
    return started;
  }

  private Members members() {
    return new Members(directory, settings);
  }

  private Started separate(Map<String, ProcessHandle> running, List<Integer> wiped, boolean detach)
      throws IOException, InterruptedException {
    Map<String, Process> processes = new LinkedHashMap<>();
    boolean started = false;
    try {
      for (int i : wiped) {
        terminal
            .out()
            .println(
                settings.masterNames().get(i - 1)
                    + " lost its directory, and with it its vote: a new master takes its place.");
      }
      List<String> late = wiped.stream().map(i -> settings.masterNames().get(i - 1)).toList();
      launch(
          members().all().stream()
              .filter(m -> !running.containsKey(m.name()) && !late.contains(m.name()))
              .toList(),
          processes);
      for (int i : wiped) {
        String old = settings.masterNames().get(i - 1);
        settings = settings.withNewMaster(i);
        Members.Member fresh = members().joining(i);
        launch(List.of(fresh), processes);
        MasterDirectories.replace(settings, i, old, () -> dead(processes));
        settings.store(directory.settings());
      }
      Readiness.await(settings, () -> dead(processes));
      started = true;
      return new Started(detach, processes, null);
    } finally {
      if (!started) {
        stop(processes);
      }
    }
  }

  /**
   * Masters first: they have most to do until the cluster is ready, and chunk servers can do
   * nothing without them.
   */
  private void launch(List<Members.Member> some, Map<String, Process> processes)
      throws IOException, InterruptedException {
    List<Members.Member> masters = some.stream().filter(Members.Member::master).toList();
    start(masters, processes);
    Processes.awaitPorts(
        masters.stream().map(m -> m.ports().getFirst()).toList(),
        MASTERS_AHEAD,
        () -> dead(processes));
    start(some.stream().filter(m -> !m.master()).toList(), processes);
  }

  private void start(List<Members.Member> some, Map<String, Process> processes) throws IOException {
    for (Members.Member m : some) {
      Files.deleteIfExists(directory.pid(m.name()));
      processes.put(m.name(), Processes.start(members().process(m), directory.console(m.name())));
    }
  }

  private Started oneProcess(List<Integer> wiped, boolean detach)
      throws IOException, InterruptedException {
    if (!wiped.isEmpty()) {
      throw new FailedException(
          settings.masterNames().get(wiped.getFirst() - 1)
              + " lost its directory, and with it its vote: 'bin/ashlar up --dir "
              + directory.root()
              + " --processes --detach' replaces it by a new one");
    }
    if (detach) {
      return background();
    }
    Logs.toFile(directory.log(EMBEDDED), Serving.LOG_BYTES);
    EmbeddedCluster embedded = EmbeddedCluster.start(directory, members(), terminal);
    boolean started = false;
    try {
      Readiness.await(settings, () -> "");
      started = true;
      return new Started(false, Map.of(), embedded);
    } finally {
      if (!started) {
        embedded.close();
      }
    }
  }

  private Started background() throws IOException, InterruptedException {
    Files.deleteIfExists(directory.pid(EMBEDDED));
    List<String> command =
        JavaCommand.server(
            JavaCommand.Kind.FULL,
            EMBEDDED_MEMORY,
            List.of("up", "--dir", directory.root().toString()));
    command.add(command.indexOf("-cp"), "-D" + BACKGROUND + "=true");
    Map<String, Process> process =
        Map.of(EMBEDDED, Processes.start(command, directory.console(EMBEDDED)));
    boolean started = false;
    try {
      Readiness.await(settings, () -> dead(process));
      started = true;
      return new Started(true, Map.of(), null);
    } finally {
      if (!started) {
        stop(process);
      }
    }
  }

  /**
   * The process in the background that {@link #background} starts: everything is checked, and
   * whoever started it waits until it is ready.
   */
  int serveInBackground() throws IOException, InterruptedException {
    Logs.toFile(directory.log(EMBEDDED), Serving.LOG_BYTES);
    EmbeddedCluster embedded = EmbeddedCluster.start(directory, members(), terminal);
    Serving.untilStopped(embedded::close);
    return ExitCode.GOOD;
  }

  private String dead(Map<String, Process> processes) {
    for (Map.Entry<String, Process> e : processes.entrySet()) {
      if (!e.getValue().isAlive()) {
        String words = Processes.lastWords(directory.console(e.getKey()));
        return e.getKey()
            + " ended with code "
            + e.getValue().exitValue()
            + (words.isEmpty() ? "" : " (" + words + ")")
            + "; its log is "
            + directory.log(e.getKey());
      }
    }
    return "";
  }

  private static void stop(Map<String, Process> processes) throws IOException {
    Map<String, ProcessHandle> handles = new LinkedHashMap<>();
    processes.forEach((name, p) -> handles.put(name, p.toHandle()));
    DownCommand.stop(handles);
  }

  private String composition() {
    return plural(settings.masterNames().size(), "master")
        + ", "
        + plural(settings.servers(), "chunk server")
        + (settings.disks() == 1 ? "" : " with " + plural(settings.disks(), "disk") + " each")
        + ", "
        + settings.policy()
        + (settings.processes() ? ", separate processes" : ", one process");
  }

  private static String plural(int n, String what) {
    return n + " " + what + (n == 1 ? "" : "s");
  }

  private String dirFlag() {
    return directory.equals(ClusterDirectory.of(ClusterDirectory.DEFAULT))
        ? ""
        : " --dir " + directory.root();
  }

  private void reach() {
    terminal.out().println("  Use it:   bin/ashlar ls --cluster " + settings.address());
    terminal.out().println("  or once:  export ASHLAR_CLUSTER=" + settings.address());
    terminal.out().println("  Stop it:  bin/ashlar down" + dirFlag());
    terminal.out().flush();
  }

  /** Looks after what this process started, until it is told to stop or all of it has ended. */
  int stay(Started started) throws InterruptedException {
    if (started.leave) {
      return ExitCode.GOOD;
    }
    terminal.out().println("Running until Ctrl-C.");
    terminal.out().flush();
    EmbeddedCluster embedded = started.embedded;
    if (embedded != null) {
      Serving.untilStopped(embedded::close);
      return ExitCode.GOOD;
    }
    Thread.ofPlatform().name("watch").daemon().start(() -> watch(started.processes));
    Serving.untilStopped(() -> stop(started.processes));
    return ExitCode.GOOD;
  }

  /** Tells of processes that end; when none is left there is nothing to stay for. */
  private void watch(Map<String, Process> processes) {
    processes.forEach((name, process) -> {
      var _ =
          process
              .onExit()
              .thenAccept(p ->
                  terminal
                      .err()
                      .println(
                          "ashlar up: "
                              + name
                              + " ended with code "
                              + p.exitValue()
                              + "; 'bin/ashlar up"
                              + dirFlag()
                              + " --detach' starts it again."));
    });
    processes.values().forEach(p -> p.onExit().join());
    System.exit(ExitCode.GOOD);
  }
}
