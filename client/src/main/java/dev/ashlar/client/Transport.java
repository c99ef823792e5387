package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.rpc.RpcSender;

/**
 * Requests to servers of one role. Thread-safe. Whatever memory a payload has is read until it is
 * released, which can be after a timeout.
 */
interface Transport extends RpcSender, AutoCloseable {
  /** The exception itself, or a new one that wraps what nobody expected. */
  static AshlarException asAshlar(Throwable error) {
    Throwable cause =
        error instanceof java.util.concurrent.CompletionException && error.getCause() != null
            ? error.getCause()
            : error;
    return cause instanceof AshlarException known
        ? known
        : new AshlarException(
            ErrorCode.INTERNAL, "Unexpected failure of a request: " + cause, cause);
  }

  @Override
  void close();
}
