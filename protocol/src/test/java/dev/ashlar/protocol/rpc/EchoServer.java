package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Answers ReadLink(n) with its payload, fails Lookup with the name as detail, and keeps GetAttr
 * until the test answers it.
 */
final class EchoServer implements AutoCloseable {
  static final Duration TIMEOUT = Duration.ofSeconds(20);
  final Queue<RpcRequest> kept = new ConcurrentLinkedQueue<>();
  final AtomicInteger handled = new AtomicInteger();
  private final RpcServer server;

  private EchoServer(int port, RpcOptions options) throws AshlarException {
    try (EventLoops loops = EventLoops.shared()) {
      server =
          RpcServer.start(
              new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
              "echo",
              Role.MASTER,
              this::handle,
              loops,
              options);
    }
  }

  static EchoServer start() throws AshlarException {
    return new EchoServer(0, RpcOptions.DEFAULT);
  }

  static EchoServer start(int port, RpcOptions options) throws AshlarException {
    return new EchoServer(port, options);
  }

  private void handle(RpcRequest request) {
    handled.incrementAndGet();
    switch (request.message()) {
      case MasterRequest.ReadLink(long inode) ->
          request.reply(new MasterReply.Text(Long.toString(inode)), request.payload());
      case MasterRequest.Lookup(_, String name) -> {
        request.payload().release();
        request.fail(ErrorCode.NOT_FOUND, name);
      }
      case MasterRequest.GetAttr _ -> kept.add(request);
      default -> {
        request.payload().release();
        throw new IllegalArgumentException("not an echo");
      }
    }
  }

  int port() {
    return server.address().getPort();
  }

  String address() {
    return "127.0.0.1:" + port();
  }

  /** Answers the oldest of the kept requests. */
  void release(int count) {
    for (int i = 0; i < count; i++) {
      RpcRequest request = kept.remove();
      request.payload().release();
      request.reply(new MasterReply.Done());
    }
  }

  @Override
  public void close() {
    server.close();
    release(kept.size());
  }
}
