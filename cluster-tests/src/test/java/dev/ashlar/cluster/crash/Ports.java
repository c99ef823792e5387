package dev.ashlar.cluster.crash;

import dev.ashlar.master.server.MasterConfig.Peer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** Addresses for masters. */
final class Ports {
  private Ports() {}

  static Peer peer(String name) throws IOException {
    return new Peer(name, "127.0.0.1:" + free(), "127.0.0.1:" + free());
  }

  private static int free() throws IOException {
    try (ServerSocket s = new ServerSocket()) {
      s.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      return s.getLocalPort();
    }
  }
}
