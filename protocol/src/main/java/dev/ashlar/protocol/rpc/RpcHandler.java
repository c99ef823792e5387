package dev.ashlar.protocol.rpc;

/**
 * What a server does with requests. Called on an event loop: it must not block; hand slow work to
 * threads of your own.
 */
@FunctionalInterface
public interface RpcHandler {
  /**
   * Must lead to exactly one reply or failure, on any thread. An exception thrown here is answered
   * as INTERNAL.
   */
  void handle(RpcRequest request);
}
