package dev.ashlar.protocol.rpc;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/**
 * An address as people write it: {@code 10.0.0.1:7420}, {@code host.example:7420}, {@code
 * [::1]:7420}.
 */
record HostPort(String host, int port) {
  /**
   * @throws IllegalArgumentException with a sentence that says what is accepted
   */
  static HostPort parse(String text) {
    int colon = text.lastIndexOf(':');
    String host = colon < 1 ? "" : text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    int port;
    try {
      port = Integer.parseInt(text.substring(colon + 1));
    } catch (NumberFormatException e) {
      port = 0;
    }
    if (host.isEmpty() || port < 1 || port > 0xFFFF) {
      throw new IllegalArgumentException(
          "'" + text + "' is no address: use host:port, as in 10.0.0.1:7420");
    }
    return new HostPort(host, port);
  }

  /** Whether {@link #resolve} needs no name service, so does not block. */
  boolean isLiteral() {
    try {
      InetAddress.ofLiteral(host);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  InetSocketAddress resolve() throws UnknownHostException {
    return new InetSocketAddress(InetAddress.getByName(host), port);
  }
}
