package dev.ashlar.protocol.rpc;

import java.time.Duration;

/**
 * Limits of servers and clients. The defaults suit all but tests.
 *
 * @param connections a server takes; further ones are refused
 * @param requestsPerConnection under way at once: a client sends no more, a server reads no more
 *     until one is answered
 * @param bytesPerConnection payload in memory at a server, requests and replies together, beyond
 *     which it reads no more from the connection
 * @param bytesPerServer the same over all connections; every connection may have one request in any
 *     case
 * @param queuedRequests of a client, per connection, that wait to be sent
 * @param queuedBytes of a client, per connection: payload that waits to be sent
 * @param connectTimeout until the greeting of the other side has come
 * @param silence of a connection on which a request ran out of time, after which the connection is
 *     given up
 * @param stall of the answers on a connection, about: if the other side takes nothing of what waits
 *     for it for so long, a server closes the connection
 */
public record RpcOptions(
    int connections,
    int requestsPerConnection,
    long bytesPerConnection,
    long bytesPerServer,
    int queuedRequests,
    int queuedBytes,
    int connectionsPerAddress,
    Duration connectTimeout,
    Duration silence,
    Duration stall) {
  public static final RpcOptions DEFAULT =
      new RpcOptions(
          8192,
          1024,
          32L << 20,
          512L << 20,
          16384,
          128 << 20,
          1,
          Duration.ofSeconds(3),
          Duration.ofSeconds(10),
          Duration.ofSeconds(60));

  /** How many connections a client makes to each address, from 1. */
  public RpcOptions withConnectionsPerAddress(int count) {
    return new RpcOptions(
        connections,
        requestsPerConnection,
        bytesPerConnection,
        bytesPerServer,
        queuedRequests,
        queuedBytes,
        count,
        connectTimeout,
        silence,
        stall);
  }

  /** How long a server bears a connection that takes no answers. */
  public RpcOptions withStall(Duration limit) {
    return new RpcOptions(
        connections,
        requestsPerConnection,
        bytesPerConnection,
        bytesPerServer,
        queuedRequests,
        queuedBytes,
        connectionsPerAddress,
        connectTimeout,
        silence,
        limit);
  }
}
