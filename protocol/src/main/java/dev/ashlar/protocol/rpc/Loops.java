package dev.ashlar.protocol.rpc;

import io.netty.channel.Channel;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.HashedWheelTimer;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.TimeUnit;

/**
 * The event loops and the timer of this process, shared by all its servers and clients: an embedded cluster has a dozen of them. Daemon threads that live as
 * long as the process. epoll where the kernel has it, {@code -Dashlar.transport=nio} forces the JDK's own.
 */
final class Loops {
  private static final boolean EPOLL = !"nio".equals(System.getProperty("ashlar.transport")) && Epoll.isAvailable();
  private static final int THREADS = Integer.getInteger("ashlar.net.threads", Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 8));

  static final MultiThreadIoEventLoopGroup GROUP = new MultiThreadIoEventLoopGroup(THREADS, new DefaultThreadFactory("ashlar-net", true), factory());
  static final HashedWheelTimer TIMER = new HashedWheelTimer(new DefaultThreadFactory("ashlar-timer", true), 20, TimeUnit.MILLISECONDS);

  private Loops() {}

  private static IoHandlerFactory factory() {
    return EPOLL ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
  }

  static Class<? extends ServerChannel> serverChannel() {
    return EPOLL ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
  }

  static Class<? extends Channel> clientChannel() {
    return EPOLL ? EpollSocketChannel.class : NioSocketChannel.class;
  }
}
