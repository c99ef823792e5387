package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.DecodeException;
import dev.ashlar.protocol.message.ErrorReply;
import dev.ashlar.protocol.message.Message;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.netty.util.Timeout;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The connection to one address, made anew when it was lost. Thread-safe. */
final class ClientConnection {
  private static final Logger LOG = LoggerFactory.getLogger(ClientConnection.class);
  private static final int CONNECT_TIMEOUT_MS = 2_000;
  private static final long BACK_OFF_FIRST_NS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long BACK_OFF_MAX_NS = TimeUnit.SECONDS.toNanos(1);

  /** Requests without an answer; more are refused with RETRY. */
  private static final int PENDING_MAX = 8192;

  private final String owner;
  private final String address;
  private final Role expected;
  private final AtomicLong ids = new AtomicLong();
  private final ConcurrentHashMap<Long, Pending> pending = new ConcurrentHashMap<>();

  private @Nullable CompletableFuture<Channel> ready; // guarded by this
  private long refusedUntilNs; // guarded by this
  private long backOffNs; // guarded by this
  private boolean closed; // guarded by this

  ClientConnection(String owner, String address, Role expected) {
    this.owner = owner;
    this.address = address;
    this.expected = expected;
  }

  private record Pending(CompletableFuture<RpcReply> answer, Timeout timeout, @Nullable Channel channel) {}

  CompletableFuture<RpcReply> send(Message message, ByteBuf payload, Duration timeout) {
    CompletableFuture<Channel> channel = channel();
    CompletableFuture<RpcReply> answer = new CompletableFuture<>();
    if (pending.size() >= PENDING_MAX) {
      payload.release();
      return failed(answer, ErrorCode.RETRY, "More than " + PENDING_MAX + " requests wait for " + address);
    }
    var _ =
        channel.whenComplete(
            (c, error) -> {
              if (error != null) {
                payload.release();
                answer.completeExceptionally(error);
              } else {
                sendOn(c, message, payload, timeout, answer);
              }
            });
    return answer;
  }

  private void sendOn(Channel channel, Message message, ByteBuf payload, Duration timeout, CompletableFuture<RpcReply> answer) {
    long id = ids.incrementAndGet();
    Timeout timer = Loops.TIMER.newTimeout(t -> giveUp(id, "No answer from " + address + " within " + timeout.toMillis() + " ms"), timeout.toNanos(), TimeUnit.NANOSECONDS);
    pending.put(id, new Pending(answer, timer, channel));
    try {
      FrameSender.send(channel, Wire.REQUEST, id, message, payload, () -> giveUp(id, "The connection to " + address + " was lost"));
    } catch (IllegalArgumentException e) {
      Pending p = pending.remove(id); // too large to send: the caller's to mend
      timer.cancel();
      if (p != null) {
        failed(p.answer(), ErrorCode.TOO_LARGE, String.valueOf(e.getMessage()));
      }
    }
    if (!channel.isActive()) {
      giveUp(id, "The connection to " + address + " was lost");
    }
  }

  private void giveUp(long id, String why) {
    Pending p = pending.remove(id);
    if (p != null) {
      p.timeout().cancel();
      failed(p.answer(), ErrorCode.TIMEOUT, why + ": the operation may or may not have happened");
    }
  }

  private static <T> CompletableFuture<T> failed(CompletableFuture<T> future, ErrorCode code, String sentence) {
    future.completeExceptionally(new AshlarException(code, sentence));
    return future;
  }

  private CompletableFuture<Channel> channel() {
    CompletableFuture<Channel> made;
    InetSocketAddress target;
    synchronized (this) {
      if (ready != null) {
        return ready;
      }
      if (closed) {
        return failed(new CompletableFuture<>(), ErrorCode.UNAVAILABLE, owner + " is closed");
      }
      if (System.nanoTime() - refusedUntilNs < 0) {
        return failed(new CompletableFuture<>(), ErrorCode.UNAVAILABLE, "Cannot reach " + address);
      }
      int colon = address.lastIndexOf(':');
      try {
        target = new InetSocketAddress(address.substring(0, Math.max(0, colon)), Integer.parseInt(address.substring(colon + 1)));
      } catch (IllegalArgumentException e) {
        return failed(new CompletableFuture<>(), ErrorCode.INVALID, "'" + address + "' is no address: use host:port"); // a typing error, told as such
      }
      made = new CompletableFuture<>();
      ready = made;
    }
    connect(target, made);
    return made;
  }

  private void connect(InetSocketAddress target, CompletableFuture<Channel> made) {
    ChannelFuture connecting =
        new Bootstrap()
            .group(Loops.GROUP)
            .channel(Loops.clientChannel())
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MS)
            .option(ChannelOption.RECVBUF_ALLOCATOR, new AdaptiveRecvByteBufAllocator(2048, 16 << 10, 256 << 10))
            .option(ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(4 << 20, 16 << 20))
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(new FlushConsolidationHandler(64, true), new FrameDecoder(), new Handler(made));
                  }
                })
            .connect(target);
    connecting.addListener(
        f -> {
          if (!f.isSuccess()) {
            lost(made, "Cannot reach " + address + ": " + f.cause().getMessage());
          }
        });
    Loops.TIMER.newTimeout(
        t -> {
          if (!made.isDone()) {
            lost(made, "No greeting from " + address);
            connecting.channel().close();
          }
        },
        2L * CONNECT_TIMEOUT_MS,
        TimeUnit.MILLISECONDS);
  }

  private void greeted(CompletableFuture<Channel> made, Channel channel) {
    synchronized (this) {
      backOffNs = 0;
    }
    made.complete(channel);
  }

  private void lost(CompletableFuture<Channel> made, String why) {
    lost(made, new AshlarException(ErrorCode.UNAVAILABLE, why));
  }

  /** The connection never came to be, or is gone: the next request makes a new one, after a while if this one was refused. */
  private void lost(CompletableFuture<Channel> made, AshlarException why) {
    synchronized (this) {
      if (ready == made) {
        ready = null;
      }
      if (!made.isDone()) {
        backOffNs = Math.clamp(backOffNs * 2, BACK_OFF_FIRST_NS, BACK_OFF_MAX_NS);
        refusedUntilNs = System.nanoTime() + backOffNs;
      }
    }
    made.completeExceptionally(why);
  }

  void close() {
    CompletableFuture<Channel> made;
    synchronized (this) {
      closed = true;
      made = ready;
    }
    if (made != null) {
      made.completeExceptionally(new AshlarException(ErrorCode.UNAVAILABLE, owner + " is closed"));
      var _ = made.thenAccept(Channel::close);
    }
  }

  /** Runs on the event loop. */
  private final class Handler extends ChannelInboundHandlerAdapter {
    private final CompletableFuture<Channel> made;

    Handler(CompletableFuture<Channel> made) {
      this.made = made;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
      context.writeAndFlush(Greeting.bytes(context.alloc(), Role.CLIENT));
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object received) {
      switch (received) {
        case Greeting greeting -> check(context, greeting);
        case Frame frame -> answer(frame);
        default -> throw new IllegalStateException("The decoder makes no " + received.getClass());
      }
    }

    private void check(ChannelHandlerContext context, Greeting greeting) {
      if (greeting.version() != Wire.VERSION) {
        refuse(context, ErrorCode.UNSUPPORTED_VERSION, address + " speaks version " + greeting.version() + " of the protocol, this program " + Wire.VERSION);
      } else if (greeting.role() != Greeting.code(expected)) {
        refuse(context, ErrorCode.UNAVAILABLE, address + " is not a " + expected);
      } else {
        greeted(made, context.channel());
      }
    }

    private void refuse(ChannelHandlerContext context, ErrorCode code, String sentence) {
      lost(made, new AshlarException(code, sentence));
      context.close();
    }

    private void answer(Frame frame) {
      Pending p = pending.remove(frame.id());
      if (p == null) {
        frame.payload().release(); // too late: its sender gave up
        return;
      }
      p.timeout().cancel();
      if (frame.message() instanceof ErrorReply error) {
        frame.payload().release();
        failed(p.answer(), error.code(), error.detail());
      } else if (!p.answer().complete(new RpcReply(frame.message(), frame.payload()))) {
        frame.payload().release();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      lost(made, "The connection to " + address + " was lost");
      List<Long> mine = new ArrayList<>();
      pending.forEach(
          (id, p) -> {
            if (p.channel() == context.channel()) {
              mine.add(id);
            }
          });
      mine.forEach(id -> giveUp(id, "The connection to " + address + " was lost"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      switch (cause) {
        case DecodeException e -> LOG.warn("{}: {} sent bytes that make no sense, connection dropped: {}", owner, address, e.getMessage());
        case IOException e -> LOG.debug("{}: connection to {} lost: {}", owner, address, e.getMessage());
        default -> LOG.error("{}: connection to {} failed", owner, address, cause);
      }
      context.close();
    }
  }
}
