package dev.ashlar.protocol.rpc;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who is cut off, in time that the test makes. */
class StallGuardTest {
  private static final int LIMIT_MS = 1000;

  /** A socket that takes as many bytes as the test says. */
  private static final class Narrow extends EmbeddedChannel {
    private long room;

    Narrow() {
      super(new StallGuard("test", "peer", Duration.ofMillis(LIMIT_MS)));
      freezeTime();
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer out) {
      while (room > 0 && out.current() instanceof ByteBuf next) {
        long taken = Math.min(room, next.readableBytes());
        room -= taken;
        out.removeBytes(taken);
      }
    }

    /** Time goes by, a little at a time as for an event loop. */
    void pass(int ms) {
      for (int i = 0; i < ms; i += 10) {
        advanceTimeBy(10, TimeUnit.MILLISECONDS);
        runScheduledPendingTasks();
      }
    }

    void take(int bytes) {
      room += bytes;
      unsafe().flush();
    }

    private ChannelFuture send(int bytes) {
      return writeAndFlush(Unpooled.buffer(bytes).writeZero(bytes));
    }
  }

  private final Narrow channel = new Narrow();

  @AfterEach
  void close() {
    channel.finishAndReleaseAll();
  }

  @Test
  void whoTakesNothingIsCutOff() {
    ChannelFuture sent = channel.send(1000);
    channel.take(10);
    channel.pass(LIMIT_MS / 2);
    assertTrue(channel.isOpen());
    channel.pass(LIMIT_MS);
    assertFalse(channel.isOpen());
    assertTrue(sent.isDone() && !sent.isSuccess());
  }

  @Test
  void moreThatWaitsIsNoProgress() {
    for (int i = 0; i < 30; i++) {
      var _ = channel.send(10);
      channel.pass(LIMIT_MS / 20);
    }
    assertFalse(channel.isOpen());
  }

  @Test
  void whoTakesLittleButSteadilyIsNotCutOff() {
    ChannelFuture sent = channel.send(20);
    for (int i = 0; i < 20; i++) {
      assertFalse(sent.isDone());
      channel.pass(LIMIT_MS * 3 / 4);
      channel.take(1);
    }
    assertTrue(sent.isSuccess());
    assertTrue(channel.isOpen());
  }

  @Test
  void whoHasNothingToTakeIsNotCutOff() {
    channel.pass(10 * LIMIT_MS);
    channel.take(100);
    assertTrue(channel.send(100).isSuccess());
    channel.pass(10 * LIMIT_MS);
    assertTrue(channel.isOpen());
  }
}
