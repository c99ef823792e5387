package dev.ashlar.master.server;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.MasterReply.Introduced;
import dev.ashlar.protocol.message.MasterRequest;
import dev.ashlar.protocol.rpc.Role;
import dev.ashlar.protocol.rpc.RpcClient;
import dev.ashlar.protocol.rpc.RpcReply;
import java.time.Duration;

/** Asks other masters who they are. Thread-safe. */
final class MasterClient implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(3);

  private final String name;
  private final RpcClient client;

  MasterClient(String name) {
    this.name = name;
    client = new RpcClient(name, Role.MASTER);
  }

  /** Blocks. */
  Introduced introduce(String address, long incarnation) throws AshlarException {
    try (RpcReply reply =
        client.call(address, new MasterRequest.Introduce(name, incarnation), TIMEOUT)) {
      if (reply.message() instanceof Introduced i) {
        return i;
      }
      throw new AshlarException(
          ErrorCode.INTERNAL, "The master at " + address + " did not say who it is");
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
