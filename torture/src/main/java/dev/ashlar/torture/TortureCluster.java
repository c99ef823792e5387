package dev.ashlar.torture;

import dev.ashlar.torture.faultfs.FaultFs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The processes of a cluster, each with a disk that can fail, on a network that can be cut. */
final class TortureCluster implements AutoCloseable {
  private final Network network;
  private final List<Member> members = new ArrayList<>();
  private final int masters;

  private TortureCluster(Network network, int masters) {
    this.network = network;
    this.masters = masters;
  }

  /**
   * Makes directories, mounts and processes' command lines; starts nothing.
   *
   * @param noLayer why there is no fault layer; empty if there is
   */
  static TortureCluster make(
      Path dir, Network network, Program program, Plan plan, Optional<String> noLayer)
      throws IOException {
    TortureCluster cluster = new TortureCluster(network, plan.masters());
    boolean made = false;
    try {
      Files.createDirectories(dir.resolve("logs"));
      for (int i = 0; i < plan.masters() + plan.servers(); i++) {
        cluster.members.add(cluster.member(dir, program, plan, noLayer.isEmpty(), i));
      }
      made = true;
      return cluster;
    } finally {
      if (!made) {
        cluster.close();
      }
    }
  }

  private Member member(Path dir, Program program, Plan plan, boolean layer, int index)
      throws IOException {
    boolean master = index < masters;
    String name = master ? "master-" + (index + 1) : "server-" + (index + 1 - masters);
    Path lower = Files.createDirectories(dir.resolve("disks").resolve(name));
    FaultFs disk = layer ? FaultFs.mount(lower, dir.resolve("mounts").resolve(name)) : null;
    Path data = (disk == null ? lower : disk.mountPoint()).resolve("data");
    Path log = dir.resolve("logs").resolve(name + ".log");
    List<String> arguments = new ArrayList<>(List.of(master ? "master" : "chunk-server"));
    arguments.addAll(List.of("--name", name, "--log", log.toString()));
    arguments.addAll(master ? ofMaster(index, data, plan) : ofServer(index, data));
    return new Member(
        name,
        index,
        master,
        lower,
        disk,
        data,
        log,
        network.at(index, program.command(master, arguments)));
  }

  private List<String> ofMaster(int index, Path data, Plan plan) {
    String peers =
        IntStream.range(0, masters)
            .mapToObj(i ->
                "master-" + (i + 1) + "=" + network.address(i, 1) + "/" + network.address(i, 0))
            .collect(Collectors.joining(","));
    return List.of(
        "--dir",
        data.toString(),
        "--client",
        network.address(index, 0),
        "--raft",
        network.address(index, 1),
        "--peers",
        peers,
        "--policy",
        plan.policy(),
        "--down-after",
        "6s",
        "--report-period",
        "30s",
        "--snapshot-entries",
        "2000");
  }

  private List<String> ofServer(int index, Path data) {
    return List.of(
        "--listen",
        network.address(index, 0),
        "--masters",
        address(),
        "--disk",
        data.toString(),
        "--scrub-period", // what no client reads must be found before the next round
        "30s");
  }

  /** Client addresses of all masters. */
  String address() {
    return IntStream.range(0, masters)
        .mapToObj(i -> network.address(i, 0))
        .collect(Collectors.joining(","));
  }

  Network network() {
    return network;
  }

  List<Member> all() {
    return members;
  }

  List<Member> masters() {
    return members.subList(0, masters);
  }

  List<Member> servers() {
    return members.subList(masters, members.size());
  }

  /** Starts what does not run. */
  void start() throws IOException {
    for (Member m : members) {
      if (!m.running()) {
        m.start();
      }
    }
  }

  @Override
  public void close() throws IOException {
    @Nullable IOException failed = null;
    for (Member m : members) {
      try {
        m.close();
      } catch (IOException e) {
        failed = e;
      }
    }
    if (failed != null) {
      throw failed;
    }
  }
}
