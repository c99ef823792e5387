package dev.ashlar.torture;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Each member in a network namespace of its own, all on one bridge, the clients at the bridge. A
 * cut gives the sender a wrong hardware address for the receiver, for ever: packets leave and
 * arrive nowhere, one way, as in a broken switch.
 */
final class NamespaceNetwork implements Network {
  private static final int PORT = 7420;
  private static final String NOBODY = "02:00:00:00:00:01";

  /** Of a member: the last number of its address is this and its own. */
  private static final int FIRST_HOST = 10;

  private static final int CLIENT_HOST = 1;

  private record Cut(int from, int to) {}

  private final String prefix;
  private final String net;
  private final List<String> namespaces = new ArrayList<>();
  private final Set<Cut> cuts = new LinkedHashSet<>();

  private NamespaceNetwork(String prefix, String net) {
    this.prefix = prefix;
    this.net = net;
  }

  /**
   * Makes bridge, namespaces and links, which {@link #close} takes away.
   *
   * @param number of this run, for names and addresses that nobody else on the machine uses
   * @throws IOException if that cannot be done here, mostly for a lack of rights
   */
  static NamespaceNetwork make(int members, int number) throws IOException {
    NamespaceNetwork n =
        new NamespaceNetwork(
            "ash" + Integer.toString(number % 46656, 36),
            "10." + (64 + number / 256 % 128) + "." + number % 256 + ".");
    try {
      Commands.run("ip", "link", "add", n.bridge(), "type", "bridge");
      Commands.run("ip", "addr", "add", n.host(CLIENTS) + "/24", "dev", n.bridge());
      Commands.run("ip", "link", "set", n.bridge(), "up");
      for (int m = 0; m < members; m++) {
        n.join(m);
      }
      return n;
    } catch (IOException e) {
      try {
        n.close();
      } catch (IOException unmade) {
        e.addSuppressed(unmade);
      }
      throw e;
    }
  }

  private String bridge() {
    return prefix + "b";
  }

  private String namespace(int member) {
    return prefix + "-" + member;
  }

  private void join(int member) throws IOException {
    String space = namespace(member);
    Commands.run("ip", "netns", "add", space);
    namespaces.add(space);
    String outside = prefix + "v" + member;
    Commands.run(
        "ip", "link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", space);
    Commands.run("ip", "link", "set", outside, "master", bridge(), "up");
    Commands.run("ip", "-n", space, "addr", "add", host(member) + "/24", "dev", "eth0");
    Commands.run("ip", "-n", space, "link", "set", "eth0", "up");
    Commands.run("ip", "-n", space, "link", "set", "lo", "up");
  }

  private String host(int member) {
    return net + (member == CLIENTS ? CLIENT_HOST : FIRST_HOST + member);
  }

  @Override
  public String address(int member, int port) {
    return host(member) + ":" + (PORT + port);
  }

  @Override
  public List<String> at(int member, List<String> command) {
    List<String> inside =
        new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + namespace(member)));
    inside.addAll(command);
    return inside;
  }

  @Override
  public boolean canCut() {
    return true;
  }

  @Override
  public void cut(int from, int to) throws IOException {
    if (from != to && cuts.add(new Cut(from, to))) {
      neighbour(from, "replace", to, "lladdr", NOBODY, "nud", "permanent");
    }
  }

  @Override
  public void heal() throws IOException {
    for (Cut cut : cuts) {
      neighbour(cut.from, "del", cut.to);
    }
    cuts.clear();
  }

  private void neighbour(int at, String action, int whose, String... what) throws IOException {
    List<String> command = new ArrayList<>(List.of("ip"));
    if (at != CLIENTS) {
      command.addAll(List.of("-n", namespace(at)));
    }
    command.addAll(List.of("neigh", action, host(whose)));
    command.addAll(List.of(what));
    command.addAll(List.of("dev", at == CLIENTS ? bridge() : "eth0"));
    Commands.run(command.toArray(String[]::new));
  }

  @Override
  public String description() {
    return "a network namespace for each server, links cut one way or both";
  }

  @Override
  public void close() throws IOException {
    IOException failed = null;
    for (String space : namespaces) {
      try {
        Commands.run("ip", "netns", "del", space);
      } catch (IOException e) {
        failed = e;
      }
    }
    namespaces.clear();
    Commands.run("ip", "link", "del", bridge());
    if (failed != null) {
      throw failed;
    }
  }
}
