package dev.ashlar.launcher;

import dev.ashlar.launcher.JavaCommand.Kind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The servers of a local cluster, each as the very command that would start it by hand. */
record Members(ClusterDirectory directory, ClusterSettings settings) {
  private static final JavaCommand.Memory MASTER = new JavaCommand.Memory(384, 16, 128);
  private static final JavaCommand.Memory CHUNK_SERVER = new JavaCommand.Memory(160, 8, 192);

  /**
   * One server.
   *
   * @param arguments of the command, without pid file and log
   */
  record Member(String name, boolean master, List<Integer> ports, List<String> arguments) {}

  /** Masters first. */
  List<Member> all() {
    List<Member> all = new ArrayList<>(masters());
    all.addAll(servers());
    return all;
  }

  List<Member> masters() {
    return IntStream.rangeClosed(1, settings.masters()).mapToObj(this::master).toList();
  }

  List<Member> servers() {
    return IntStream.rangeClosed(1, settings.servers()).mapToObj(this::server).toList();
  }

  private Member master(int i) {
    String name = settings.masterNames().get(i - 1);
    List<String> a =
        new ArrayList<>(
            List.of("master", "--name", name, "--dir", directory.master(name).toString()));
    a.addAll(
        List.of(
            "--client", address(settings.masterPort(i)), "--raft", address(settings.raftPort(i))));
    a.addAll(
        List.of(
            "--peers",
            peers(),
            "--policy",
            settings.policy(),
            "--down-after",
            dev.ashlar.cli.Durations.exact(settings.downAfter())));
    return new Member(name, true, List.of(settings.masterPort(i), settings.raftPort(i)), a);
  }

  /**
   * The master at this place, to come into the running cluster of the others.
   *
   * @param i from 1
   */
  Member joining(int i) {
    Member m = master(i);
    List<String> a = new ArrayList<>(m.arguments);
    a.add("--join");
    return new Member(m.name, true, m.ports, a);
  }

  private String peers() {
    return IntStream.rangeClosed(1, settings.masters())
        .mapToObj(i ->
            settings.masterNames().get(i - 1)
                + "="
                + address(settings.raftPort(i))
                + "/"
                + address(settings.masterPort(i)))
        .collect(Collectors.joining(","));
  }

  private Member server(int i) {
    String name = settings.serverNames().get(i - 1);
    List<String> a =
        new ArrayList<>(
            List.of(
                "chunk-server",
                "--name",
                name,
                "--listen",
                address(settings.serverPort(i)),
                "--masters",
                settings.address()));
    List<Path> disks =
        IntStream.rangeClosed(1, settings.disks())
            .mapToObj(disk -> directory.disk(name, disk))
            .toList();
    a.addAll(settings.each().arguments(disks));
    return new Member(name, false, List.of(settings.serverPort(i)), a);
  }

  private static String address(int port) {
    return ClusterSettings.HOST + ":" + port;
  }

  /** The command line of a process of its own for it. */
  List<String> process(Member m) {
    List<String> arguments = new ArrayList<>(m.arguments);
    arguments.addAll(
        List.of(
            "--pid-file",
            directory.pid(m.name).toString(),
            "--log",
            directory.log(m.name).toString()));
    return process(m.master, arguments);
  }

  /** The command line of a process for one server, with the memory that suits a small cluster. */
  static List<String> process(boolean master, List<String> arguments) {
    return master
        ? JavaCommand.server(Kind.MASTER, MASTER, arguments)
        : JavaCommand.server(Kind.LIGHT, CHUNK_SERVER, arguments);
  }
}
