package dev.ashlar.master.server;

import dev.ashlar.master.raft.RaftSettings;
import dev.ashlar.protocol.Policy;
import java.nio.file.Path;
import java.util.List;

/**
 * What one master is told at its start.
 *
 * @param name bound for ever to the directory; a master that lost its directory comes back under
 *     another name
 * @param clientAddress host:port that clients, chunk servers and other masters reach it at; it
 *     listens there
 * @param raftAddress host:port for Raft between masters
 * @param peers all masters of a new cluster, this one perhaps included; with {@code join}, masters
 *     of the running cluster
 * @param join true to come into a running cluster: see {@link Formation}. Only looked at while the
 *     directory is new
 * @param policy of a new cluster, in text form
 */
public record MasterConfig(
    String name,
    Path dir,
    String clientAddress,
    String raftAddress,
    List<Peer> peers,
    boolean join,
    String policy,
    Timing timing,
    RaftSettings raft) {
  public static final String DEFAULT_POLICY = "rs-6-3";

  /** Another master. With {@code join} only the client address matters. */
  public record Peer(String name, String raftAddress, String clientAddress) {}

  public MasterConfig {
    if (!name.matches("[A-Za-z0-9._-]{1,100}")) {
      throw new IllegalArgumentException(
          "A master's name has up to 100 letters, digits, dots, dashes and underscores, not '"
              + name
              + "'");
    }
    Policy.parse(policy);
    peers = List.copyOf(peers);
  }

  /** With defaults for everything else. */
  public static MasterConfig of(
      String name, Path dir, String clientAddress, String raftAddress, List<Peer> peers) {
    return new MasterConfig(
        name,
        dir,
        clientAddress,
        raftAddress,
        peers,
        false,
        DEFAULT_POLICY,
        Timing.DEFAULT,
        RaftSettings.DEFAULT);
  }

  public MasterConfig joining() {
    return new MasterConfig(
        name, dir, clientAddress, raftAddress, peers, true, policy, timing, raft);
  }

  public MasterConfig withPolicy(String text) {
    return new MasterConfig(name, dir, clientAddress, raftAddress, peers, join, text, timing, raft);
  }

  public MasterConfig withTiming(Timing t) {
    return new MasterConfig(name, dir, clientAddress, raftAddress, peers, join, policy, t, raft);
  }

  public MasterConfig withRaft(RaftSettings settings) {
    return new MasterConfig(
        name, dir, clientAddress, raftAddress, peers, join, policy, timing, settings);
  }

  /** The peers that are not this master. */
  List<Peer> others() {
    return peers.stream()
        .filter(p -> !p.name().equals(name) && !p.clientAddress().equals(clientAddress))
        .toList();
  }
}
