package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.rpc.RpcReply;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Requests to whichever master leads. Looks for the leader, and repeats what was not decided, until
 * the deadline of the configuration. Commands are numbered within a session, so that a repeated one
 * takes effect once. Thread-safe; blocks the calling thread only.
 */
final class MasterClient implements AutoCloseable {
  /** How long {@link #close} tries to say good-bye; if it fails the session runs out by itself. */
  private static final Duration GOOD_BYE = Duration.ofSeconds(2);

  private final World world;
  private final Transport transport;
  private final MasterRing ring;
  private final Duration deadline;
  private final Duration tryTimeout;
  private final String host;
  private final AtomicReference<@Nullable CompletableFuture<Session>> opening =
      new AtomicReference<>();
  private volatile @Nullable Session session;
  private volatile long clientId;
  private volatile boolean closed;

  /** A session that the masters know. */
  private record Session(long client, SeqWindow window) {}

  /**
   * @param transport closed by this client
   */
  MasterClient(
      World world,
      Transport transport,
      MasterRing ring,
      Duration deadline,
      Duration tryTimeout,
      String host) {
    this.world = world;
    this.clientId = newId(world);
    this.transport = transport;
    this.ring = ring;
    this.deadline = deadline;
    this.tryTimeout = tryTimeout;
    this.host = host;
  }

  /**
   * Names this client to the masters: in commands, for leases and pins. Changes when a session was
   * lost.
   */
  long clientId() {
    return clientId;
  }

  World world() {
    return world;
  }

  /** A master said that the one at {@code address} leads: it is asked next. */
  void leads(String address) {
    ring.hint("", address);
  }

  /** Asks the leader. {@code expected} is the type of the answer. */
  <T extends MasterReply> T query(MasterRequest request, Class<T> expected) throws AshlarException {
    return expect(new Attempts(deadline).run(request), expected, request);
  }

  /**
   * Has a command decided, once, however often it must be sent. {@code expected} is the type of the
   * answer.
   */
  <T extends MasterReply> T submit(Command command, Class<T> expected) throws AshlarException {
    Session current = session();
    try {
      return submit(current, command, expected, new Attempts(deadline));
    } catch (SessionGone e) {
      if (e.nothingHappened) {
        return submit(session(), command, expected, new Attempts(deadline));
      }
      throw e.error;
    }
  }

  private <T extends MasterReply> T submit(
      Session s, Command command, Class<T> expected, Attempts attempts) throws AshlarException {
    long seq = s.window.begin();
    try {
      MasterRequest.Submit request =
          new MasterRequest.Submit(s.client, seq, s.window.ackedBelow(), command);
      return expect(attempts.run(request), expected, request);
    } catch (AshlarException e) {
      if (e.code() == ErrorCode.SESSION_EXPIRED) {
        forget(s);
        throw new SessionGone(e, attempts.sent == 1);
      }
      throw e;
    } finally {
      s.window.end(seq);
    }
  }

  /** The session; of several threads that find none, one opens it and the others wait for that. */
  private Session session() throws AshlarException {
    Session current = session;
    if (current != null) {
      return current;
    }
    CompletableFuture<Session> mine = new CompletableFuture<>();
    CompletableFuture<Session> others = opening.compareAndExchange(null, mine);
    if (others != null) {
      return opened(others);
    }
    Session faster = session; // of somebody who has just ended opening it
    if (faster == null) {
      return open(mine);
    }
    opening.set(null);
    mine.complete(faster);
    return faster;
  }

  private Session open(CompletableFuture<Session> outcome) throws AshlarException {
    try {
      Session fresh = new Session(clientId, new SeqWindow());
      submit(fresh, new Command.OpenSession(host), MasterReply.Done.class, new Attempts(deadline));
      session = fresh;
      outcome.complete(fresh);
      return fresh;
    } catch (SessionGone e) {
      outcome.completeExceptionally(e.error);
      throw e.error;
    } catch (AshlarException | RuntimeException e) {
      outcome.completeExceptionally(e);
      throw e;
    } finally {
      opening.set(null);
    }
  }

  private Session opened(CompletableFuture<Session> outcome) throws AshlarException {
    try {
      return world.await(outcome, 2 * deadline.toNanos());
    } catch (ExecutionException e) {
      throw e.getCause() instanceof AshlarException a
          ? new AshlarException(a.code(), String.valueOf(a.getMessage()), a)
          : new AshlarException(ErrorCode.INTERNAL, "Opening a session failed: " + e, e);
    } catch (TimeoutException e) {
      throw new AshlarException(
          ErrorCode.UNAVAILABLE, "No session with the masters could be opened", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AshlarException(ErrorCode.UNAVAILABLE, "Interrupted while a session was opened", e);
    }
  }

  private synchronized void forget(Session lost) {
    if (clientId == lost.client) {
      session = null;
      clientId = newId(world);
    }
  }

  private static long newId(World world) {
    return world.random().nextLong(1, Long.MAX_VALUE);
  }

  private static <T extends MasterReply> T expect(Message reply, Class<T> expected, Message request)
      throws AshlarException {
    if (expected.isInstance(reply)) {
      return expected.cast(reply);
    }
    throw new AshlarException(
        ErrorCode.INTERNAL,
        "A master answered "
            + request.getClass().getSimpleName()
            + " with "
            + reply.getClass().getSimpleName()
            + ", not with "
            + expected.getSimpleName());
  }

  @Override
  public void close() {
    closed = true;
    Session last = session;
    session = null;
    if (last != null) {
      try {
        submit(
            last, new Command.CloseSession(), MasterReply.Done.class, new Attempts(GOOD_BYE, true));
      } catch (AshlarException | SessionGone e) {
        // The session and its leases run out by themselves.
      }
    }
    transport.close();
  }

  /**
   * The session ran out. Not an AshlarException so that nobody takes it for an answer by mistake.
   */
  private static final class SessionGone extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final AshlarException error;
    private final boolean nothingHappened;

    SessionGone(AshlarException error, boolean nothingHappened) {
      super(error);
      this.error = error;
      this.nothingHappened = nothingHappened;
    }
  }

  /** One request on its way from master to master. */
  private final class Attempts {
    private final long startNs = world.nanoTime();
    private final Duration limit;
    private final boolean closing;
    private final Backoff backoff = new Backoff(world.random());
    private int sent;
    private int failuresInARow;

    /** A master may have carried the command out, and none has said whether. */
    private boolean open;

    Attempts(Duration limit) {
      this(limit, false);
    }

    Attempts(Duration limit, boolean closing) {
      this.limit = limit;
      this.closing = closing;
    }

    Message run(MasterRequest request) throws AshlarException {
      while (true) {
        if (closed && !closing) {
          AshlarException over =
              new AshlarException(
                  ErrorCode.UNAVAILABLE, "This client is closed: connect a new one");
          throw open ? tooLate(over) : over;
        }
        String master = ring.current();
        try (RpcReply reply = transport.call(world, master, request, shorter(tryTimeout, left()))) {
          return reply.message();
        } catch (AshlarException e) {
          open |=
              request instanceof MasterRequest.Submit
                  && (e.code() == ErrorCode.TIMEOUT || e.code() == ErrorCode.RETRY);
          pause(master, e);
        }
      }
    }

    /**
     * Decides where to go next, and waits if there is nowhere better; throws if the failure is an
     * answer or time is up.
     */
    private void pause(String master, AshlarException e) throws AshlarException {
      boolean wait =
          switch (e.code()) {
            case NOT_LEADER -> {
              sent++;
              if (ring.hint(master, e.getMessage() == null ? "" : e.getMessage().strip())) {
                yield ++failuresInARow > ring.size();
              }
              ring.failed(master);
              yield true;
            }
            case RETRY -> {
              sent++;
              yield true;
            }
            case TIMEOUT -> {
              sent++;
              yield next(master);
            }
            case UNAVAILABLE -> next(master);
            default -> {
              sent++;
              throw e;
            }
          };
      if (Thread.currentThread().isInterrupted()) {
        throw e;
      }
      long pauseMs = wait ? backoff.nextMs() : 0;
      if (left().toMillis() <= pauseMs) {
        throw tooLate(e);
      }
      if (wait) {
        sleep(pauseMs);
      }
    }

    /** Goes on to the next master. Returns whether all were tried, so that it is time to wait */
    private boolean next(String master) {
      ring.failed(master);
      return ++failuresInARow % ring.size() == 0;
    }

    private AshlarException tooLate(AshlarException last) {
      return switch (open ? ErrorCode.TIMEOUT : last.code()) {
        case TIMEOUT ->
            new AshlarException(
                ErrorCode.TIMEOUT,
                "No master said within "
                    + limit.toSeconds()
                    + " s what became of it, the operation may or may not have happened ("
                    + last.getMessage()
                    + "): look before repeating it",
                last);
        case NOT_LEADER ->
            new AshlarException(
                ErrorCode.UNAVAILABLE,
                "The masters have had no leader for "
                    + limit.toSeconds()
                    + " s: start enough of them for a majority (asked "
                    + ring.all()
                    + ")",
                last);
        default ->
            new AshlarException(
                ErrorCode.UNAVAILABLE,
                "No master could serve the request within "
                    + limit.toSeconds()
                    + " s ("
                    + last.getMessage()
                    + "): check that the masters run and are reachable at "
                    + ring.all(),
                last);
      };
    }

    private Duration left() {
      return limit.minusNanos(world.nanoTime() - startNs);
    }
  }

  private static Duration shorter(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }

  private void sleep(long ms) throws AshlarException {
    try {
      world.sleep(TimeUnit.MILLISECONDS.toNanos(ms));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AshlarException(
          ErrorCode.TIMEOUT, "Interrupted while looking for a master that can answer", e);
    }
  }
}
