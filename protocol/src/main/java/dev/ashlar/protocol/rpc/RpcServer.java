package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.DecodeException;
import dev.ashlar.protocol.message.ErrorReply;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.flush.FlushConsolidationHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Listens on a port and hands requests to a handler. Thread-safe; close stops listening and drops all connections. */
public final class RpcServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RpcServer.class);
  private static final int CONNECTIONS_MAX = 4096;

  /** Beyond either a connection is not read until answers have gone out. */
  private static final int REQUESTS_IN_FLIGHT_MAX = 1024;

  private static final long BYTES_IN_FLIGHT_MAX = 32 << 20;
  private static final long CLOSE_SECONDS = 5;

  private final String name;
  private final Role role;
  private final RpcHandler handler;
  private final Set<Channel> connections = ConcurrentHashMap.newKeySet();
  private final Channel listening;

  private RpcServer(InetSocketAddress bind, String name, Role role, RpcHandler handler) throws AshlarException {
    this.name = name;
    this.role = role;
    this.handler = handler;
    var bound =
        new ServerBootstrap()
            .group(Loops.GROUP)
            .channel(Loops.serverChannel())
            .option(ChannelOption.SO_REUSEADDR, true)
            .option(ChannelOption.SO_BACKLOG, 1024)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.RECVBUF_ALLOCATOR, new AdaptiveRecvByteBufAllocator(2048, 16 << 10, 256 << 10))
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(4 << 20, 16 << 20))
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(new FlushConsolidationHandler(64, true), new FrameDecoder(), new Connection());
                  }
                })
            .bind(bind)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new AshlarException(
          ErrorCode.UNAVAILABLE, "Cannot listen on " + bind.getHostString() + ":" + bind.getPort() + ": " + bound.cause().getMessage() + "; choose another port or stop what uses it", bound.cause());
    }
    listening = bound.channel();
  }

  /**
   * Starts to listen.
   *
   * @param name for log lines
   * @param role told to clients, who expect it
   * @throws AshlarException UNAVAILABLE if the address cannot be listened on
   */
  public static RpcServer start(InetSocketAddress bind, String name, Role role, RpcHandler handler) throws AshlarException {
    return new RpcServer(bind, name, role, handler);
  }

  /** Where it listens; the port is the real one if 0 was asked for. */
  public InetSocketAddress address() {
    return (InetSocketAddress) listening.localAddress();
  }

  @Override
  public void close() {
    boolean closed = listening.close().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
    for (Channel connection : connections) {
      closed &= connection.close().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
    }
    if (!closed) {
      LOG.warn("{}: connections did not close within {} s", name, CLOSE_SECONDS);
    }
  }

  /** One client's connection. Runs on its event loop. */
  private final class Connection extends ChannelInboundHandlerAdapter {
    private boolean accepted;
    private int requests;
    private long bytes;

    @Override
    public void channelActive(ChannelHandlerContext context) {
      if (connections.size() >= CONNECTIONS_MAX) {
        LOG.warn("{}: more than {} connections, {} refused", name, CONNECTIONS_MAX, context.channel().remoteAddress());
        context.close();
        return;
      }
      connections.add(context.channel());
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      connections.remove(context.channel());
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object received) {
      switch (received) {
        case Greeting greeting -> greet(context, greeting);
        case Frame frame -> serve(context, frame);
        default -> throw new IllegalStateException("The decoder makes no " + received.getClass());
      }
    }

    private void greet(ChannelHandlerContext context, Greeting greeting) {
      context.writeAndFlush(Greeting.bytes(context.alloc(), role));
      accepted = greeting.version() == Wire.VERSION;
      if (!accepted) {
        LOG.warn("{}: {} speaks version {} of the protocol, this server {}: refused", name, context.channel().remoteAddress(), greeting.version(), Wire.VERSION);
        ErrorReply reply = new ErrorReply(ErrorCode.UNSUPPORTED_VERSION, "This server speaks version " + Wire.VERSION + " of the protocol, not " + greeting.version());
        FrameSender.send(context.channel(), Wire.REPLY, 0, reply, Unpooled.EMPTY_BUFFER, () -> {});
        context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
      }
    }

    private void serve(ChannelHandlerContext context, Frame frame) {
      if (!accepted || frame.kind() != Wire.REQUEST) {
        frame.payload().release();
        context.close();
        return;
      }
      Channel channel = context.channel();
      int size = frame.payload().readableBytes();
      requests++;
      bytes += size;
      if (requests >= REQUESTS_IN_FLIGHT_MAX || bytes >= BYTES_IN_FLIGHT_MAX) {
        channel.config().setAutoRead(false);
      }
      ServerRequest request = new ServerRequest(channel, frame, () -> answered(channel, size));
      try {
        handler.handle(request);
      } catch (RuntimeException e) {
        LOG.error("{}: request {} failed", name, frame.message().getClass().getSimpleName(), e);
        if (!request.isAnswered()) {
          request.fail(ErrorCode.INTERNAL, "The server failed on this request; its log has the details");
        }
      }
    }

    /** From any thread. */
    private void answered(Channel channel, int size) {
      if (!channel.eventLoop().inEventLoop()) {
        if (!channel.eventLoop().isShuttingDown()) {
          channel.eventLoop().execute(() -> answered(channel, size));
        }
        return;
      }
      requests--;
      bytes -= size;
      if (!channel.config().isAutoRead() && requests <= REQUESTS_IN_FLIGHT_MAX / 2 && bytes <= BYTES_IN_FLIGHT_MAX / 2) {
        channel.config().setAutoRead(true);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      switch (cause) {
        case DecodeException e -> LOG.warn("{}: {} sent bytes that make no sense, connection dropped: {}", name, context.channel().remoteAddress(), e.getMessage());
        case IOException e -> LOG.debug("{}: connection of {} lost: {}", name, context.channel().remoteAddress(), e.getMessage());
        default -> LOG.error("{}: connection of {} failed", name, context.channel().remoteAddress(), cause);
      }
      context.close();
    }
  }
}
