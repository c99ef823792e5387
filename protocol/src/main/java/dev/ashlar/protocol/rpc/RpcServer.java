package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Listens on a port and hands requests to a handler. Thread-safe. Close it to stop; it uses the
 * process's {@link EventLoops} unless given others.
 */
public final class RpcServer implements AutoCloseable {
  /**
   * A connection whose unsent answers exceed the upper mark is not read until they are below the
   * lower one.
   */
  static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(1 << 20, 4 << 20);

  private static final int BACKLOG = 1024;
  private static final long CLOSE_MS = 2000;

  private final String name;
  private final Role role;
  private final RpcHandler handler;
  private final EventLoops loops;
  private final RpcOptions options;
  private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
  private final AtomicInteger connections = new AtomicInteger();
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile InetSocketAddress address;

  private RpcServer(
      InetSocketAddress bind,
      String name,
      Role role,
      RpcHandler handler,
      EventLoops loops,
      RpcOptions options) {
    this.address = bind;
    this.name = name;
    this.role = role;
    this.handler = handler;
    this.loops = loops;
    this.options = options;
  }

  /**
   * Starts to listen.
   *
   * @param bind port 0 for any
   * @param name for logs
   * @param role what this server is; who looks for another role is refused
   * @param handler called on an event loop
   * @throws AshlarException UNAVAILABLE if the address cannot be listened on
   */
  public static RpcServer start(InetSocketAddress bind, String name, Role role, RpcHandler handler)
      throws AshlarException {
    try (EventLoops shared = EventLoops.shared()) {
      return start(bind, name, role, handler, shared, RpcOptions.DEFAULT);
    }
  }

  /** The same on given event loops, of which the server keeps a reference until it is closed. */
  public static RpcServer start(
      InetSocketAddress bind,
      String name,
      Role role,
      RpcHandler handler,
      EventLoops loops,
      RpcOptions options)
      throws AshlarException {
    RpcServer server = new RpcServer(bind, name, role, handler, loops.retain(), options);
    try {
      server.listen();
    } catch (AshlarException e) {
      loops.close();
      throw e;
    }
    return server;
  }

  /** Where it listens: with the real port if 0 was asked for. */
  public InetSocketAddress address() {
    return address;
  }

  private void listen() throws AshlarException {
    ChannelFuture bound =
        new ServerBootstrap()
            .group(loops.group())
            .channel(loops.serverChannel())
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    ServerConnection connection = new ServerConnection(RpcServer.this, channel);
                    channel.config().setRecvByteBufAllocator(new PayloadAllocator(connection));
                    channel
                        .pipeline()
                        .addLast(new StallGuard(describe(), connection.peer(), options.stall()))
                        .addLast(connection);
                  }
                })
            .bind(address)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new AshlarException(
          ErrorCode.UNAVAILABLE,
          name
              + " cannot listen on "
              + address
              + ": "
              + bound.cause().getMessage()
              + ". Choose another address or stop who has it",
          bound.cause());
    }
    channels.add(bound.channel());
    address = (InetSocketAddress) bound.channel().localAddress();
  }

  /**
   * Stops to listen and closes all connections; waits a moment for it. Answers given later are
   * dropped.
   */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      channels.close().awaitUninterruptibly(CLOSE_MS, TimeUnit.MILLISECONDS);
      loops.close();
    }
  }

  Role role() {
    return role;
  }

  RpcHandler handler() {
    return handler;
  }

  RpcOptions options() {
    return options;
  }

  /** How it is called in logs and errors. */
  String describe() {
    return name + " at " + address.getHostString() + ":" + address.getPort();
  }

  /**
   * Counts a connection. Returns false if there are too many; it is then counted all the same,
   * until it is forgotten.
   */
  boolean admit(Channel channel) {
    channels.add(channel);
    return connections.incrementAndGet() <= options.connections();
  }

  void forget(Channel channel) {
    channels.remove(channel);
    connections.decrementAndGet();
  }

  void count(long more) {
    bytes.addAndGet(more);
  }

  boolean hasRoom() {
    return bytes.get() < options.bytesPerServer();
  }
}
