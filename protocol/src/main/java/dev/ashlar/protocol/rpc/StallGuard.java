package dev.ashlar.protocol.rpc;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes a connection whose other side takes nothing of what waits for it. Whatever an answer holds
 * on to is held until it is sent, and the kernel of a process that is stopped keeps its connections
 * alive for ever. Event loop only.
 *
 * <p>Counts looks, not time: a pause of this process is not the other side's fault.
 */
final class StallGuard extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(StallGuard.class);

  /** Looks without progress until the connection is closed. */
  private static final int LOOKS = 4;

  private final String server;
  private final String peer;
  private final Duration limit;
  private @Nullable Object current;
  private long progress;
  private int looks;

  StallGuard(String server, String peer, Duration limit) {
    this.server = server;
    this.peer = peer;
    this.limit = limit;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    plan(ctx);
    ctx.fireChannelActive();
  }

  private void plan(ChannelHandlerContext ctx) {
    var _ = ctx.executor().schedule(() -> look(ctx), limit.toNanos() / LOOKS, TimeUnit.NANOSECONDS);
  }

  private void look(ChannelHandlerContext ctx) {
    ChannelOutboundBuffer out = ctx.channel().unsafe().outboundBuffer();
    if (out == null) {
      return; // it is closed
    }
    Object now = out.current();
    long done = out.currentProgress();
    looks = now != null && now == current && done == progress ? looks + 1 : 0;
    current = now;
    progress = done;
    if (looks < LOOKS) {
      plan(ctx);
      return;
    }
    LOG.info(
        "{} closes the connection from {}: it took nothing of its answers for {} s",
        server,
        peer,
        limit.toMillis() / 1000.0);
    var _ = ctx.close();
  }
}
