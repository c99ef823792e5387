package dev.ashlar.protocol.rpc;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
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
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The threads that do the network I/O, shared by all servers and clients of a process that do not
 * bring their own. Every user holds one reference, taken by {@link #shared} or {@link #retain} and
 * given back by {@link #close}; the last one stops the threads. Thread-safe.
 *
 * <p>System properties: {@code ashlar.transport} = {@code epoll} or {@code nio} (default: epoll
 * where it works), {@code ashlar.io.threads} (default: one per processor, up to 4).
 */
public final class EventLoops implements AutoCloseable {
  private static final int THREADS_MAX = 4;
  private static final ReentrantLock SHARING = new ReentrantLock();
  private static @Nullable EventLoops sharedLoops;

  private final EventLoopGroup group;
  private final boolean epoll;
  private int users = 1;

  private EventLoops(String name, int threads, boolean epoll) {
    IoHandlerFactory handlers = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    this.epoll = epoll;
    this.group =
        new MultiThreadIoEventLoopGroup(
            threads, new DefaultThreadFactory("ashlar-" + name, true), handlers);
  }

  /** The loops of this process, with a reference more. */
  public static EventLoops shared() {
    SHARING.lock();
    try {
      EventLoops loops = sharedLoops;
      if (loops == null) {
        loops =
            new EventLoops(
                "io",
                Integer.getInteger(
                    "ashlar.io.threads",
                    Math.min(THREADS_MAX, Runtime.getRuntime().availableProcessors())),
                wantsEpoll());
        sharedLoops = loops;
      } else {
        loops.users++;
      }
      return loops;
    } finally {
      SHARING.unlock();
    }
  }

  /** Loops of one's own, with one reference. */
  public static EventLoops create(String name, int threads) {
    return new EventLoops(name, threads, wantsEpoll());
  }

  static EventLoops create(String name, int threads, boolean epoll) {
    return new EventLoops(name, threads, epoll);
  }

  /** Takes a reference more. */
  public EventLoops retain() {
    SHARING.lock();
    try {
      if (users == 0) {
        throw new IllegalStateException("These event loops are closed");
      }
      users++;
      return this;
    } finally {
      SHARING.unlock();
    }
  }

  /** Gives one reference back. The last one stops the threads, without waiting for them. */
  @Override
  public void close() {
    SHARING.lock();
    try {
      if (users == 0 || --users > 0) {
        return;
      }
      if (sharedLoops == this) {
        sharedLoops = null;
      }
    } finally {
      SHARING.unlock();
    }
    var _ = group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  public boolean isEpoll() {
    return epoll;
  }

  EventLoopGroup group() {
    return group;
  }

  EventLoop next() {
    return group.next();
  }

  Class<? extends ServerChannel> serverChannel() {
    return epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
  }

  Class<? extends Channel> clientChannel() {
    return epoll ? EpollSocketChannel.class : NioSocketChannel.class;
  }

  /** Whether the calling thread is one of these loops, which must not block. */
  boolean isCaller() {
    for (EventExecutor each : group) {
      if (each.inEventLoop()) {
        return true;
      }
    }
    return false;
  }

  private static boolean wantsEpoll() {
    String wanted = System.getProperty("ashlar.transport", "auto").toLowerCase(Locale.ROOT);
    return switch (wanted) {
      case "auto" -> Epoll.isAvailable();
      case "nio" -> false;
      case "epoll" -> {
        Epoll.ensureAvailability();
        yield true;
      }
      default ->
          throw new IllegalArgumentException(
              "ashlar.transport is '" + wanted + "': use epoll, nio or auto");
    };
  }
}
