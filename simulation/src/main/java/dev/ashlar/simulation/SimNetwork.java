package dev.ashlar.simulation;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.DecodeException;
import dev.ashlar.protocol.message.ErrorReply;
import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.message.RecordCodec;
import dev.ashlar.protocol.rpc.RpcHandler;
import dev.ashlar.protocol.rpc.RpcReply;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Carries requests between machines, as bytes. In fair weather the messages from one machine to
 * another keep their order and all arrive; a request to a machine where nobody listens fails at
 * once; one that was on its way to a process that dies ends with an unknown outcome.
 */
final class SimNetwork {
  private static final long BASE_NS = 100_000;
  private static final long JITTER_NS = 150_000;
  private static final int REMEMBERED = 400;

  private final Scheduler scheduler;
  private final Random random;
  private final Map<String, Endpoint> endpoints = new HashMap<>();
  private final Map<String, Long> last = new HashMap<>();
  private final Set<String> blocked = new LinkedHashSet<>();
  private final List<Packet> old = new ArrayList<>();
  private final Consumer<String> arrivals;
  private Weather weather = Weather.FAIR;

  private record Endpoint(Life life, RpcHandler handler, Set<Call> calls) {}

  private record Packet(String from, String to, byte[] message, byte[] payload) {}

  /**
   * @param arrivals told of each message that reaches a machine
   */
  SimNetwork(Scheduler scheduler, Random random, Consumer<String> arrivals) {
    this.scheduler = scheduler;
    this.random = random;
    this.arrivals = arrivals;
  }

  void weather(Weather now) {
    weather = now;
  }

  /** Nothing gets from one machine to the other, until {@link #heal}. */
  void block(String from, String to) {
    blocked.add(from + ">" + to);
  }

  void unblock(String from, String to) {
    blocked.remove(from + ">" + to);
  }

  void heal() {
    blocked.clear();
    weather = Weather.FAIR;
  }

  private static String machine(String address) {
    int colon = address.lastIndexOf(':');
    return colon < 0 ? address : address.substring(0, colon);
  }

  void listen(String address, Life life, RpcHandler handler) {
    Endpoint e = new Endpoint(life, handler, new LinkedHashSet<>());
    endpoints.put(address, e);
    life.atEnd(() -> close(address, e));
  }

  /** Nobody listens there any more; what was asked has an unknown outcome. */
  private void close(String address, Endpoint e) {
    endpoints.remove(address, e);
    for (Call c : List.copyOf(e.calls)) {
      c.lost("The connection to " + address + " was lost");
    }
    e.calls.clear();
  }

  void close(String address) {
    Endpoint e = endpoints.get(address);
    if (e != null) {
      close(address, e);
    }
  }

  /** When a message arrives that is sent now; negative if never. */
  private long travel(String from, String to) {
    if (blocked.contains(from + ">" + to) || random.nextDouble() < weather.loss()) {
      return -1;
    }
    long ns = BASE_NS + (long) (random.nextDouble() * JITTER_NS);
    if (weather.delayNs() > 0) {
      ns += (long) (random.nextDouble() * random.nextDouble() * weather.delayNs());
    }
    String way = from + ">" + to;
    long at = scheduler.nowNs() + ns;
    if (random.nextDouble() >= weather.reorder()) {
      at = Math.max(at, last.getOrDefault(way, 0L) + 1);
      last.put(way, at);
    }
    return at - scheduler.nowNs();
  }

  /** Something small between two machines; runs where it arrives, if it does, perhaps twice. */
  void datagram(String from, String to, Runnable arrival) {
    for (int copies = random.nextDouble() < weather.duplicate() ? 2 : 1; copies > 0; copies--) {
      long ns = travel(from, to);
      if (ns >= 0) {
        scheduler.after(ns, arrival);
      }
    }
  }

  CompletableFuture<RpcReply> send(
      SimWorld sender,
      String from,
      String address,
      Message message,
      @Nullable ByteBuf payload,
      Duration timeout) {
    byte[] bytes = new byte[payload == null ? 0 : payload.readableBytes()];
    if (payload != null) {
      payload.readBytes(bytes);
      payload.release();
    }
    if (sender.life().dead()) {
      return new CompletableFuture<>();
    }
    Packet packet = new Packet(from, address, RecordCodec.encodeMessage(message), bytes);
    Call call = new Call(sender.life(), packet, message.getClass().getSimpleName());
    scheduler.after(
        timeout.toNanos(), () -> call.lost(call.what + " to " + address + " was not answered"));
    String to = machine(address);
    if (bytes.length > 0 || random.nextInt(8) == 0) {
      remember(packet);
    }
    for (int copies = random.nextDouble() < weather.duplicate() ? 2 : 1; copies > 0; copies--) {
      long ns = travel(from, to);
      if (ns >= 0) {
        Call mine = copies == 1 ? call : new Call(null, packet, call.what);
        scheduler.after(ns, () -> arrive(mine));
      }
    }
    return call.answer;
  }

  private void remember(Packet p) {
    if (old.size() < REMEMBERED) {
      old.add(p);
    } else {
      old.set(random.nextInt(REMEMBERED), p);
    }
  }

  /** Some old requests arrive once more. */
  void replay(int count) {
    for (int i = 0; i < count && !old.isEmpty(); i++) {
      Packet p = old.get(random.nextInt(old.size()));
      scheduler.after(
          random.nextInt(2_000_000_000), () -> arrive(new Call(null, p, "replayed packet")));
    }
  }

  /** The payload as it arrives. */
  private byte[] carried(byte[] payload) {
    if (payload.length == 0 || random.nextDouble() >= weather.damage()) {
      return payload;
    }
    byte[] damaged = payload.clone();
    damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
    return damaged;
  }

  private void arrive(Call call) {
    String address = call.packet.to();
    Endpoint e = endpoints.get(address);
    if (e == null) {
      call.refused("Nobody listens at " + address);
      return;
    }
    if (e.life.pausedUntilNs() > scheduler.nowNs()) {
      scheduler.after(e.life.pausedUntilNs() - scheduler.nowNs(), () -> arrive(call));
      return;
    }
    Trace trace = scheduler.trace();
    trace.note(scheduler.nowNs());
    trace.note(address.hashCode() * 31L + call.packet.message().length);
    if (trace.verbose()) {
      trace.tell(scheduler.nowNs(), call.packet.from() + " > " + address + " " + call.what);
    }
    arrivals.accept(machine(address));
    if (e.life.dead()) {
      call.lost("The connection to " + address + " was lost");
      return;
    }
    e.calls.add(call);
    call.at = e;
    Message message = decode(call.packet.message());
    SimRequest request =
        new SimRequest(
            message,
            Unpooled.wrappedBuffer(carried(call.packet.payload())),
            call.packet.from(),
            this,
            call);
    try {
      e.handler.handle(request);
    } catch (Halt h) {
      return;
    }
  }

  static Message decode(byte[] bytes) {
    try {
      return RecordCodec.decodeMessage(ByteBuffer.wrap(bytes));
    } catch (DecodeException e) {
      throw new Violation("A message cannot be read: " + e.getMessage(), e);
    }
  }

  Scheduler scheduler() {
    return scheduler;
  }

  /** A request under way. */
  final class Call {
    private final CompletableFuture<RpcReply> answer = new CompletableFuture<>();
    private final @Nullable Life sender;
    private final Packet packet;
    private final String what;
    private @Nullable Endpoint at;

    /**
     * @param sender null if nobody waits for the answer
     */
    private Call(@Nullable Life sender, Packet packet, String what) {
      this.sender = sender;
      this.packet = packet;
      this.what = what;
    }

    boolean serverDead() {
      Endpoint e = at;
      return e == null || e.life.dead();
    }

    private void over() {
      Endpoint e = at;
      if (e != null) {
        e.calls.remove(this);
      }
    }

    private void refused(String why) {
      fail(ErrorCode.UNAVAILABLE, why);
    }

    /** The sender will never know. */
    void lost(String why) {
      over();
      fail(ErrorCode.TIMEOUT, why + ": it may or may not have happened");
    }

    private void fail(ErrorCode code, String why) {
      if (sender != null && !sender.dead() && !answer.isDone()) {
        scheduler.after(0, () -> deliver(() -> error(code, why)));
      }
    }

    private void error(ErrorCode code, String why) {
      answer.completeExceptionally(new AshlarException(code, why));
    }

    private void deliver(Runnable completion) {
      if (sender == null || sender.dead()) {
        return;
      }
      if (sender.pausedUntilNs() > scheduler.nowNs()) {
        scheduler.after(sender.pausedUntilNs() - scheduler.nowNs(), () -> deliver(completion));
      } else {
        completion.run();
      }
    }

    /** The server has answered. */
    void answered(Message message, byte[] payload) {
      over();
      if (sender == null) {
        return;
      }
      byte[] bytes = RecordCodec.encodeMessage(message);
      long ns = travel(machine(packet.to()), packet.from());
      if (ns >= 0) {
        scheduler.after(ns, () -> deliver(() -> complete(bytes, carried(payload))));
      }
    }

    private void complete(byte[] bytes, byte[] payload) {
      if (answer.isDone()) {
        return;
      }
      arrivals.accept(packet.from());
      scheduler.trace().note(scheduler.nowNs());
      scheduler.trace().note(bytes.length * 31L + payload.length);
      Message message = decode(bytes);
      if (message instanceof ErrorReply e) {
        error(e.code(), e.detail());
        return;
      }
      ByteBuf memory = Unpooled.EMPTY_BUFFER;
      if (payload.length > 0) {
        memory =
            Unpooled.wrappedBuffer(ByteBuffer.allocateDirect(payload.length).put(payload).flip());
      }
      answer.complete(new RpcReply(message, memory));
    }
  }
}
