package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ChunkReply;
import dev.ashlar.protocol.message.ChunkRequest;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import dev.ashlar.protocol.rpc.RpcReply;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Carries out {@link RangeRead}s: sends their requests, verifies what arrives, and hurries up what
 * is late. For one thread.
 */
final class ReadDriver implements AutoCloseable {
  /** However small the budget: a request this old is replaced. */
  private static final long FAR_TOO_LATE_NS = 1_000_000_000L;

  private static final long SHORTEST_WAIT_NS = 1_000_000;

  private final ClientServices services;
  private final Mailbox<Slot> mailbox;
  private final List<RangeRead> active = new ArrayList<>();
  private final CRC32C crc = new CRC32C();
  private boolean placesMoved;

  ReadDriver(ClientServices services) {
    this.services = services;
    this.mailbox = new Mailbox<>(services.world());
  }

  void start(RangeRead range) {
    active.add(range);
    send(range, range.start(services.world().nanoTime(), services.readHealth()::avoided));
  }

  private void send(RangeRead range, List<Slot> slots) {
    for (Slot slot : slots) {
      services.hedges().earned();
      services.stats().asked();
      ChunkRequest.ReadBlock request =
          new ChunkRequest.ReadBlock(
              range.key(slot),
              slot.place().disk(),
              range.place().token(),
              slot.from(),
              slot.length());
      mailbox.expect(
          slot,
          services
              .blocks()
              .send(slot.place().server(), request, null, services.config().blockTimeout()));
    }
  }

  /** Waits until the range is done or stuck; works on the others started here meanwhile. */
  void await(RangeRead range) throws AshlarException {
    while (!range.done() && !range.stuck()) {
      Mailbox.Answer<Slot> answer =
          mailbox.poll(Duration.ofNanos(untilLate(services.world().nanoTime())));
      while (answer != null) {
        answered(answer);
        answer = mailbox.poll();
      }
      hurry(services.world().nanoTime());
    }
    if (range.done()) {
      finished(range);
    }
  }

  private void finished(RangeRead range) {
    if (range.decodedBlocks() > 0) {
      services.stats().decoded();
    }
    for (Slot slot : range.slots()) {
      if (slot.state() == Slot.State.WAITING && slot.late()) {
        services.readHealth().overtaken(slot.place().server());
      }
    }
  }

  /** Takes a range out and releases what it holds. */
  void end(RangeRead range) {
    active.remove(range);
    range.close();
  }

  /** Whether some block was not where the layout says; told once. */
  boolean takePlacesMoved() {
    boolean moved = placesMoved;
    placesMoved = false;
    return moved;
  }

  private long untilLate(long nowNs) {
    long wait = FAR_TOO_LATE_NS;
    for (RangeRead range : active) {
      for (Slot slot : range.slots()) {
        if (slot.state() == Slot.State.WAITING && !slot.late()) {
          wait =
              Math.min(
                  wait,
                  slot.sentAtNs() + services.readHealth().lateNs(slot.place().server()) - nowNs);
        }
      }
    }
    return Math.max(SHORTEST_WAIT_NS, wait);
  }

  private void hurry(long nowNs) {
    for (RangeRead range : active) {
      boolean changed = false;
      for (Slot slot : range.slots()) {
        if (slot.state() == Slot.State.WAITING && !slot.late() && isLate(slot, nowNs)) {
          slot.giveUpWaiting();
          services.stats().hedged();
          changed = true;
        }
      }
      if (changed) {
        send(range, range.proceed(nowNs, services.readHealth()::avoided));
      }
    }
  }

  private boolean isLate(Slot slot, long nowNs) {
    long age = nowNs - slot.sentAtNs();
    if (age < services.readHealth().lateNs(slot.place().server())) {
      return false;
    }
    return age > FAR_TOO_LATE_NS || services.hedges().trySpend();
  }

  private void answered(Mailbox.Answer<Slot> answer) {
    Slot slot = answer.request();
    RangeRead range = slot.range();
    RpcReply reply = answer.reply();
    String server = slot.place().server();
    if (reply != null) {
      services.readHealth().answered(server, answer.tookNs());
      if (range.closed() || range.done()) {
        reply.close();
        return;
      }
      accept(slot, reply);
    } else {
      failed(slot, answer.error());
    }
    if (!range.closed()) {
      send(range, range.proceed(services.world().nanoTime(), services.readHealth()::avoided));
    }
  }

  private void failed(Slot slot, @Nullable AshlarException error) {
    String server = slot.place().server();
    ErrorCode code = error == null ? ErrorCode.INTERNAL : error.code();
    String why = "on " + server + ": " + (error == null ? "no reason given" : error.getMessage());
    slot.fail(why);
    switch (code) {
      case UNAVAILABLE, TIMEOUT -> services.readHealth().failed(server);
      case DISK_FAILED -> {
        services.readHealth().failed(server);
        slot.failForGood(why);
      }
      case BAD_TOKEN -> placesMoved = true;
      case VERSION_GONE, NOT_FOUND -> {
        placesMoved = true;
        slot.failForGood(why);
      }
      case CORRUPT -> {
        report(slot, "The server found it corrupt");
        slot.failForGood(why);
      }
      default -> {}
    }
  }

  /**
   * Keeps the bytes if they are what was asked for and match their checksums; takes the reply over.
   */
  private void accept(Slot slot, RpcReply reply) {
    ByteBuf bytes = reply.payload();
    if (!(reply.message() instanceof ChunkReply.BlockData data)
        || data.offset() != slot.from()
        || bytes.readableBytes() != slot.length()) {
      reply.close();
      slot.failForGood(
          "on "
              + slot.place().server()
              + " is shorter than it should be, or the server sent something else");
      return;
    }
    ByteBuf whole = bytes;
    if (bytes.nioBufferCount() != 1 || !bytes.isDirect()) {
      whole = PooledByteBufAllocator.DEFAULT.directBuffer(slot.length()).writeBytes(bytes);
      reply.close();
    }
    if (matches(whole, data.crcs()) && slot.range().rootMatches(slot, data.crcs())) {
      slot.arrived(whole);
    } else {
      whole.release();
      services.stats().corrupt();
      report(slot, "A reader got bytes that do not match their checksums");
      slot.failForGood("on " + slot.place().server() + " does not match its checksums");
    }
  }

  private boolean matches(ByteBuf bytes, int[] crcs) {
    int length = bytes.readableBytes();
    if (crcs.length != BlockLayout.slices(length)) {
      return false;
    }
    ByteBuffer view = bytes.nioBuffer();
    int start = view.position();
    for (int i = 0; i < crcs.length; i++) {
      int from = i * BlockLayout.SLICE_BYTES;
      view.limit(start + Math.min(length, from + BlockLayout.SLICE_BYTES)).position(start + from);
      crc.reset();
      crc.update(view);
      if ((int) crc.getValue() != crcs[i]) {
        return false;
      }
    }
    return true;
  }

  /** Tells the master of a bad block, without waiting for it. */
  private void report(Slot slot, String reason) {
    MasterRequest.ReportBad bad =
        new MasterRequest.ReportBad(slot.range().key(slot), slot.place().disk(), reason);
    services
        .world()
        .startLight(
            "ashlar-client-report",
            () -> {
              try {
                services.masters().query(bad, MasterReply.Done.class);
              } catch (AshlarException e) {
                // The scrubber finds it too.
              }
            });
  }

  @Override
  public void close() {
    mailbox.close();
    active.forEach(RangeRead::close);
    active.clear();
  }
}
