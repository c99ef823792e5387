package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection to one address, made anew whenever there is something to send and none stands,
 * with the requests that wait for it. All state belongs to one event loop; {@link #submit} comes
 * from any thread.
 */
final class Lane implements Outbox.Receiver<Pending> {
  private final HostPort address;
  private final Role expected;
  private final EventLoops loops;
  private final EventLoop loop;
  private final RpcOptions options;
  private final Outbox<Pending> outbox;
  private final QueueLimit limit;
  private final Backoff backoff = new Backoff();
  private final ArrayDeque<Pending> queue = new ArrayDeque<>();
  private final Alarm alarm;

  /** The connection that is being made or stands. */
  private @Nullable ClientConnection connection;

  private @Nullable ScheduledFuture<?> connectTimer;
  private boolean ready;
  private boolean closed;
  private volatile boolean connecting;

  Lane(HostPort address, Role expected, EventLoops loops, RpcOptions options) {
    this.address = address;
    this.expected = expected;
    this.loops = loops;
    this.loop = loops.next();
    this.options = options;
    this.outbox = new Outbox<>(loop, this);
    this.limit = new QueueLimit(options.queuedRequests(), options.queuedBytes());
    this.alarm = new Alarm(loop, this::expire);
  }

  RpcOptions options() {
    return options;
  }

  /** Bounds what waits here. A request is submitted only after it was let in. */
  QueueLimit limit() {
    return limit;
  }

  /** Why requests would fail at once now, or null. */
  @Nullable AshlarException closedReason() {
    return backoff.reason(System.nanoTime(), connecting);
  }

  void submit(Pending request) {
    outbox.add(request);
  }

  /** Closes the connection and fails all requests. */
  void close() {
    onLoop(this::closeNow);
  }

  @Override
  public void take(Pending request) {
    queue.add(request);
    alarm.atLatest(request.deadlineNs());
  }

  @Override
  public void drop(Pending request) {
    limit.leave(request.payloadBytes());
    request.fail(ErrorCode.UNAVAILABLE, "The client is closed");
  }

  @Override
  public void flush() {
    if (closed) {
      failQueue(new AshlarException(ErrorCode.UNAVAILABLE, "The client is closed"));
    } else if (ready) {
      pump();
    } else if (!queue.isEmpty()) {
      AshlarException reason = closedReason();
      if (reason != null && !connecting) {
        failQueue(reason);
      } else if (!connecting) {
        connect();
      }
    }
  }

  /** Sends what the limits of the connection allow. */
  private void pump() {
    ClientConnection to = connection;
    boolean sent = false;
    while (to != null
        && ready
        && !queue.isEmpty()
        && to.isWritable()
        && to.underWay() < options.requestsPerConnection()) {
      Pending request = queue.remove();
      limit.leave(request.payloadBytes());
      if (request.isDone()) {
        request.fail(ErrorCode.UNAVAILABLE, "Cancelled before it was sent");
      } else {
        to.send(request);
        sent = true;
      }
    }
    if (to != null && sent) {
      to.flush();
    }
  }

  private void connect() {
    connecting = true;
    connectTimer =
        loop.schedule(
            () ->
                connectFailed(
                    "no greeting from it within " + options.connectTimeout().toMillis() + " ms",
                    null,
                    true),
            options.connectTimeout().toMillis(),
            TimeUnit.MILLISECONDS);
    if (address.isLiteral()) {
      resolve();
    } else {
      Thread.ofVirtual().name("ashlar-resolve-" + address.host()).start(this::resolve);
    }
  }

  private void resolve() {
    InetSocketAddress target;
    try {
      target = address.resolve();
    } catch (UnknownHostException e) {
      onLoop(() -> connectFailed("no such host is known", e, false));
      return;
    }
    onLoop(() -> connectTo(target));
  }

  private void onLoop(Runnable action) {
    try {
      loop.execute(action);
    } catch (RejectedExecutionException e) {
      // The loop is shut down, and with it every connection and request.
    }
  }

  private void connectTo(InetSocketAddress target) {
    if (!connecting || closed) {
      return; // it took too long
    }
    new Bootstrap()
        .group(loop)
        .channel(loops.clientChannel())
        .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
        .option(ChannelOption.TCP_NODELAY, true)
        .option(ChannelOption.SO_KEEPALIVE, true)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) options.connectTimeout().toMillis())
        .option(ChannelOption.WRITE_BUFFER_WATER_MARK, RpcServer.WATER_MARK)
        .handler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel channel) {
                ClientConnection made = new ClientConnection(Lane.this, channel, expected);
                connection = made;
                channel.config().setRecvByteBufAllocator(new PayloadAllocator(made));
                channel.pipeline().addLast(made);
              }
            })
        .connect(target)
        .addListener((ChannelFuture done) -> {
          if (!done.isSuccess()) {
            connectFailed(
                why(done.cause()), done.cause(), done.cause() instanceof ConnectTimeoutException);
          }
        });
  }

  /** The usual reason in plain words; the system's name the call and the address again. */
  private static String why(Throwable cause) {
    String text = String.valueOf(cause.getMessage());
    return cause instanceof ConnectException && text.contains("Connection refused")
        ? "connection refused"
        : text;
  }

  private void connectFailed(String why, @Nullable Throwable cause, boolean outOfTime) {
    if (!connecting) {
      return;
    }
    String text = "No connection to " + this + ": " + why;
    AshlarException error =
        cause == null
            ? new AshlarException(ErrorCode.UNAVAILABLE, text)
            : new AshlarException(ErrorCode.UNAVAILABLE, text, cause);
    giveUp(error, outOfTime);
  }

  /** The attempt to connect failed. */
  private void giveUp(AshlarException error, boolean outOfTime) {
    ClientConnection failed = connection;
    endConnecting();
    connection = null;
    backoff.failed(error, System.nanoTime(), outOfTime);
    if (failed != null) {
      failed.close(error);
    }
    failQueue(error);
  }

  private void endConnecting() {
    connecting = false;
    if (connectTimer != null) {
      connectTimer.cancel(false);
      connectTimer = null;
    }
  }

  void onReady(ClientConnection made) {
    if (made == connection && !closed) {
      endConnecting();
      ready = true;
      backoff.connected();
      pump();
    }
  }

  void onAnswer() {
    backoff.proven();
    if (!queue.isEmpty()) {
      pump();
    }
  }

  void onWritable() {
    if (ready) {
      pump();
    }
  }

  void onClosed(ClientConnection lost, AshlarException why) {
    if (lost != connection) {
      return;
    }
    if (!ready) {
      giveUp(why, false);
      return;
    }
    ready = false;
    connection = null;
    backoff.failed(why, System.nanoTime(), why.code() == ErrorCode.TIMEOUT);
    failQueue(new AshlarException(ErrorCode.UNAVAILABLE, String.valueOf(why.getMessage()), why));
  }

  private long expire(long nowNs, long none) {
    long earliest = none;
    for (Iterator<Pending> i = queue.iterator(); i.hasNext(); ) {
      Pending request = i.next();
      if (request.deadlineNs() - nowNs <= 0) {
        i.remove();
        limit.leave(request.payloadBytes());
        request.fail(
            ErrorCode.UNAVAILABLE,
            this + " did not take " + request.what() + " in time: it was not sent");
      } else if (earliest == none || request.deadlineNs() - earliest < 0) {
        earliest = request.deadlineNs();
      }
    }
    ClientConnection present = connection;
    if (present != null) {
      long sent = present.expire(nowNs, none);
      earliest = earliest == none || sent != none && sent - earliest < 0 ? sent : earliest;
    }
    return earliest;
  }

  private void failQueue(AshlarException error) {
    Pending request;
    while ((request = queue.poll()) != null) {
      limit.leave(request.payloadBytes());
      request.fail(error);
    }
  }

  private void closeNow() {
    closed = true;
    endConnecting();
    alarm.cancel();
    ready = false;
    AshlarException error = new AshlarException(ErrorCode.UNAVAILABLE, "The client is closed");
    ClientConnection last = connection;
    if (last != null) {
      last.close(error);
    }
    failQueue(error);
  }

  @Override
  public String toString() {
    return address.host() + ":" + address.port();
  }
}
