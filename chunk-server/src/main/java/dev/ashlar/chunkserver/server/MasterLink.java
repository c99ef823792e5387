package dev.ashlar.chunkserver.server;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import dev.ashlar.protocol.rpc.RpcReply;
import dev.ashlar.protocol.rpc.RpcSender;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Heartbeats to the leading master, at the set period and at once when there is news, and hands on
 * the orders that answer them. Masters that are gone or do not lead are no reason to stop anything:
 * the next one is asked, for ever. One thread of its own; {@link #nudge} and {@link #call} from
 * any.
 */
final class MasterLink implements AutoCloseable, BlockReporter.Master {
  private static final Logger LOG = LoggerFactory.getLogger(MasterLink.class);

  private static final Duration HEARTBEAT_LIMIT = Duration.ofSeconds(3);
  private static final Duration REPORT_LIMIT = Duration.ofSeconds(30);

  /** Between the first heartbeats, until a leader answers, this many times. */
  private static final long STARTING_NS = TimeUnit.MILLISECONDS.toNanos(200);

  private static final int STARTING = 50;

  /** News within this time share a heartbeat. */
  private static final long GATHER_MS = 5;

  private final String server;
  private final World world;
  private final RpcSender client;
  private final Duration period;
  private final Outbox outbox;
  private final Function<Outbox.Batch, MasterRequest.Heartbeat> heartbeat;
  private final Consumer<MasterReply.Orders> orders;
  private final LeaderGuess guess;
  private final int tries;
  private final World.Signal nudges;
  private World.@Nullable Running thread;
  private int starting = STARTING;
  private volatile boolean stopping;
  private volatile String leader = "";
  private volatile boolean connected;

  /**
   * @param heartbeat makes the message around what the outbox holds
   * @param orders obeys, on this link's thread
   */
  MasterLink(
      World world,
      ChunkServerConfig config,
      RpcSender client,
      Outbox outbox,
      Function<Outbox.Batch, MasterRequest.Heartbeat> heartbeat,
      Consumer<MasterReply.Orders> orders) {
    this.world = world;
    nudges = world.signal();
    server = config.name();
    this.client = client;
    period = config.timing().heartbeat();
    this.outbox = outbox;
    this.heartbeat = heartbeat;
    this.orders = orders;
    guess = new LeaderGuess(config.masters());
    tries = 2 * config.masters().size();
  }

  void start() {
    thread = world.start(server + "-heartbeat", this::run);
  }

  /** Heartbeat now. */
  void nudge() {
    nudges.raise();
  }

  /** Whether a leader answered the last heartbeat and its orders are known. */
  boolean connected() {
    return connected;
  }

  private void run() {
    try {
      while (!stopping) {
        var _ = nudges.await(0);
        if (beat()) {
          nudge();
        }
        if (nudges.await(pauseNs())) {
          world.sleep(TimeUnit.MILLISECONDS.toNanos(GATHER_MS));
        }
      }
    } catch (InterruptedException e) {
      LOG.debug("{} stops its heartbeats", server);
    }
  }

  /** Shorter at first: a cluster that starts soon has a leader. */
  private long pauseNs() {
    if (connected || starting == 0) {
      return period.toNanos();
    }
    starting--;
    return Math.min(period.toNanos(), STARTING_NS);
  }

  /** One heartbeat to whoever leads. Returns whether there is more to tell at once. */
  private boolean beat() {
    AshlarException last = null;
    for (int n = 0; n < tries && !stopping; n++) {
      Outbox.Batch batch = outbox.next();
      String master = guess.current();
      try {
        MasterReply reply = send(master, heartbeat.apply(batch), HEARTBEAT_LIMIT);
        if (!(reply instanceof MasterReply.Orders o)) {
          throw new AshlarException(
              ErrorCode.INTERNAL,
              "It answered a heartbeat with " + reply.getClass().getSimpleName());
        }
        guess.leads();
        if (!master.equals(leader)) {
          LOG.info("{} takes its orders from master {}", server, master);
        }
        leader = master;
        boolean more = outbox.told(batch);
        obey(o);
        connected = true;
        starting = 0;
        return more;
      } catch (AshlarException e) {
        last = e;
        switch (e.code()) {
          case NOT_LEADER -> guess.notLeader(String.valueOf(e.getMessage()));
          default -> guess.failed();
        }
      }
    }
    if (!leader.isEmpty() && last != null && !stopping) {
      LOG.warn(
          "{} reaches no leading master (goes on with what it knows): {}",
          server,
          last.getMessage());
    }
    leader = "";
    connected = false;
    return false;
  }

  private void obey(MasterReply.Orders o) {
    try {
      orders.accept(o);
    } catch (RuntimeException e) {
      LOG.error("{} met a bug while it obeyed the master", server, e);
    }
  }

  @Override
  public MasterReply call(MasterRequest request) throws AshlarException {
    String master = leader;
    if (master.isEmpty()) {
      throw new AshlarException(ErrorCode.UNAVAILABLE, "No master leads at present");
    }
    return send(master, request, REPORT_LIMIT);
  }

  private MasterReply send(String master, MasterRequest request, Duration limit)
      throws AshlarException {
    try (RpcReply reply = client.call(world, master, request, limit)) {
      if (reply.message() instanceof MasterReply m) {
        return m;
      }
      throw new AshlarException(
          ErrorCode.INTERNAL,
          "Master " + master + " answered with " + reply.message().getClass().getSimpleName());
    }
  }

  /**
   * Ends the thread; its client should be closed before, so that it does not wait for an answer.
   */
  @Override
  public void close() {
    stopping = true;
    nudge();
    World.Running t = thread;
    if (t != null) {
      var _ = t.join(5_000);
    }
  }
}
