package dev.ashlar.launcher;

import dev.ashlar.cli.Durations;
import dev.ashlar.cli.FailedException;
import dev.ashlar.protocol.Policy;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What a local cluster consists of. Kept in cluster.properties from the first {@code up} on.
 *
 * @param masterNames in the order of their ports
 * @param processes whether every server is a process of its own, rather than all in one
 * @param port where the first master takes clients; the others follow, see docs/ARCHITECTURE.md
 * @param downAfter silence after which a server counts as lost
 * @param each what all chunk servers share
 * @param formed whether the masters were all up once: from then on a master with an empty directory
 *     is one that lost its vote
 */
record ClusterSettings(
    List<String> masterNames,
    int servers,
    int disks,
    String policy,
    int port,
    boolean processes,
    Duration downAfter,
    ServerSettings each,
    boolean formed) {
  static final int PORTS_FOR_MASTERS = 10;
  static final int MAX_MASTERS = 5;
  static final int MAX_SERVERS = 200;
  static final String HOST = "127.0.0.1";
  private static final int RAFT_OFFSET = 5;

  ClusterSettings {
    masterNames = List.copyOf(masterNames);
  }

  /** The names of the first masters of a cluster. */
  static List<String> firstNames(int masters) {
    return IntStream.rangeClosed(1, masters).mapToObj(i -> "master-" + i).toList();
  }

  int masters() {
    return masterNames.size();
  }

  List<String> serverNames() {
    return IntStream.rangeClosed(1, servers).mapToObj(i -> "server-" + i).toList();
  }

  /**
   * @param index from 1
   */
  int masterPort(int index) {
    return port + index - 1;
  }

  /**
   * @param index from 1
   */
  int raftPort(int index) {
    return port + RAFT_OFFSET + index - 1;
  }

  /**
   * @param index from 1
   */
  int serverPort(int index) {
    return port + PORTS_FOR_MASTERS + index - 1;
  }

  /** Every port it needs. */
  List<Integer> ports() {
    List<Integer> all = new ArrayList<>();
    for (int i = 1; i <= masters(); i++) {
      all.add(masterPort(i));
      all.add(raftPort(i));
    }
    for (int i = 1; i <= servers; i++) {
      all.add(serverPort(i));
    }
    return all;
  }

  List<String> masterAddresses() {
    return IntStream.rangeClosed(1, masters()).mapToObj(i -> HOST + ":" + masterPort(i)).toList();
  }

  /** For --cluster and ASHLAR_CLUSTER. */
  String address() {
    return masterAddresses().stream().collect(Collectors.joining(","));
  }

  ClusterSettings withFormed() {
    return new ClusterSettings(
        masterNames, servers, disks, policy, port, processes, downAfter, each, true);
  }

  /**
   * A new master, under a name not used before, in the place of one that lost its directory.
   *
   * @param index from 1
   */
  ClusterSettings withNewMaster(int index) {
    int last =
        masterNames.stream()
            .mapToInt(n -> Integer.parseInt(n.substring(n.lastIndexOf('-') + 1)))
            .max()
            .orElse(0);
    List<String> names = new ArrayList<>(masterNames);
    names.set(index - 1, "master-" + (last + 1));
    return new ClusterSettings(
        names, servers, disks, policy, port, processes, downAfter, each, formed);
  }

  /** The policy must fit on the disks. */
  void check() throws FailedException {
    int width = Policy.parse(policy).width();
    if (servers * disks < width) {
      throw new FailedException(
          "The policy "
              + policy
              + " needs "
              + width
              + " disks, but "
              + servers
              + (servers == 1 ? " server" : " servers")
              + " with "
              + disks
              + (disks == 1 ? " disk" : " disks")
              + " each are only "
              + servers * disks
              + ": give more --servers, or a narrower --policy");
    }
    if (serverPort(servers) > 65535) {
      throw new FailedException(
          "Port " + port + " is too high: the last server's port would be " + serverPort(servers));
    }
  }

  static ClusterSettings load(Path file) throws IOException {
    Properties p = new Properties();
    try (Reader reader = Files.newBufferedReader(file)) {
      p.load(reader);
      return new ClusterSettings(
          names(need(p, "masters")),
          Integer.parseInt(need(p, "servers")),
          Integer.parseInt(need(p, "disks")),
          Policy.parse(need(p, "policy")).toString(),
          Integer.parseInt(need(p, "port")),
          Boolean.parseBoolean(need(p, "processes")),
          Durations.parse(need(p, "down-after")),
          ServerSettings.load(p),
          Boolean.parseBoolean(need(p, "formed")));
    } catch (IllegalArgumentException | CharacterCodingException e) {
      throw new FailedException(
          file
              + " cannot be read ("
              + e.getMessage()
              + "): mend it, or remove the whole directory if its data is not needed",
          e);
    }
  }

  private static List<String> names(String text) {
    List<String> names = Arrays.stream(text.split(",", -1)).map(String::strip).toList();
    if (names.size() > MAX_MASTERS || !names.stream().allMatch(n -> n.matches("master-\\d{1,6}"))) {
      throw new IllegalArgumentException(
          "masters must be names like master-1, separated by commas");
    }
    return names;
  }

  private static String need(Properties p, String key) {
    String value = p.getProperty(key);
    if (value == null) {
      throw new IllegalArgumentException("the key '" + key + "' is missing");
    }
    return value.strip();
  }

  /** Replaces the file in one step, synced. */
  void store(Path file) throws IOException {
    Properties p = new Properties();
    p.setProperty("masters", String.join(",", masterNames));
    p.setProperty("servers", "" + servers);
    p.setProperty("disks", "" + disks);
    p.setProperty("policy", policy);
    p.setProperty("port", "" + port);
    p.setProperty("processes", "" + processes);
    p.setProperty("down-after", Durations.exact(downAfter));
    each.store(p);
    p.setProperty("formed", "" + formed);
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try (Writer writer = Files.newBufferedWriter(fresh)) {
      p.store(writer, "A local Ashlar cluster. Read by 'up' and 'down'.");
    }
    try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
