package dev.ashlar.master.server;

import dev.ashlar.master.raft.FatalHandler;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.RealWorld;
import dev.ashlar.protocol.rpc.Role;
import dev.ashlar.protocol.rpc.RpcServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A metadata master. Several may live in one JVM. Listens at once; takes part in Raft as soon as
 * its directory may vote ({@link Formation}), and answers RETRY until then.
 *
 * <p>After a failed start, or when its {@link FatalHandler} is called, the process should end:
 * Raft's threads are no daemons.
 */
public final class MasterServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(MasterServer.class);
  private static final long ASK_AGAIN_MS = 200;
  private static final long SAY_AGAIN_NS = 10_000_000_000L;

  private final MasterConfig config;
  private final FatalHandler fatal;
  private final Introductions introductions;
  private final MasterClient others;
  private final Pools pools;
  private final RpcServer rpc;
  private final CompletableFuture<Void> started = new CompletableFuture<>();
  private final Thread starter;
  private volatile @Nullable Node node;
  private volatile boolean closed;

  /** With {@link FatalHandler#halt}. */
  public static MasterServer start(MasterConfig config) throws AshlarException {
    return start(config, FatalHandler.halt());
  }

  /**
   * Checks the directory, listens, and goes on in the background: see {@link #started}.
   *
   * @throws AshlarException with a sentence that says what to do; nothing is left running
   */
  public static MasterServer start(MasterConfig config, FatalHandler fatal) throws AshlarException {
    Identity identity = Identity.loadOrCreate(config.dir(), config.name());
    return new MasterServer(config, identity, fatal);
  }

  private MasterServer(MasterConfig config, Identity identity, FatalHandler fatal)
      throws AshlarException {
    this.config = config;
    this.fatal = fatal;
    introductions = new Introductions(identity);
    pools = Pools.of(config.name(), RealWorld.INSTANCE);
    others = new MasterClient(config.name());
    boolean done = false;
    try {
      rpc =
          RpcServer.start(
              address(config.clientAddress()),
              config.name(),
              Role.MASTER,
              new Front(config, pools, introductions, () -> node));
      done = true;
    } finally {
      if (!done) {
        others.close();
        pools.close();
      }
    }
    starter =
        Thread.ofPlatform().name(config.name() + "-start").daemon().start(() -> begin(identity));
  }

  private static InetSocketAddress address(String hostPort) throws AshlarException {
    int colon = hostPort.lastIndexOf(':');
    try {
      return new InetSocketAddress(
          hostPort.substring(0, Math.max(0, colon)),
          Integer.parseInt(hostPort.substring(colon + 1)));
    } catch (IllegalArgumentException e) {
      throw new AshlarException(
          ErrorCode.INVALID, "A client address is written HOST:PORT, not '" + hostPort + "'", e);
    }
  }

  private void begin(Identity identity) {
    try {
      Identity formed = identity.formed() ? identity : form(identity);
      introductions.update(formed);
      Node n = Node.start(config, formed, others, fatal);
      node = n;
      if (closed) {
        n.close();
      }
      started.complete(null);
    } catch (AshlarException | RuntimeException e) {
      started.completeExceptionally(e);
    } catch (InterruptedException e) {
      started.completeExceptionally(
          new AshlarException(
              ErrorCode.UNAVAILABLE,
              "Master " + config.name() + " was closed while it started",
              e));
    }
  }

  private Identity form(Identity identity) throws AshlarException, InterruptedException {
    Formation formation =
        new Formation(
            config, peer -> others.introduce(peer.clientAddress(), identity.incarnation()));
    long sayNs = System.nanoTime() + SAY_AGAIN_NS;
    while (true) {
      Identity formed = formation.attempt(identity);
      if (formed.formed()) {
        save(formed);
        return formed;
      }
      if (System.nanoTime() - sayNs >= 0) {
        LOG.info(
            "{} has a new directory and waits to be introduced to {}",
            config.name(),
            formation.waitingFor());
        sayNs = System.nanoTime() + SAY_AGAIN_NS;
      }
      TimeUnit.MILLISECONDS.sleep(ASK_AGAIN_MS);
    }
  }

  private void save(Identity formed) throws AshlarException {
    try {
      formed.save(config.dir());
    } catch (IOException e) {
      throw new AshlarException(
          ErrorCode.UNAVAILABLE,
          "Master " + config.name() + " cannot write to its directory " + config.dir() + ": " + e,
          e);
    }
  }

  /**
   * Completes when this master takes part in Raft (it may still have no leader); fails with an
   * {@link AshlarException} whose message is for people if it never will.
   */
  public CompletableFuture<Void> started() {
    return started;
  }

  /** Waits for {@link #started}. */
  public void awaitStarted(Duration timeout) throws AshlarException {
    try {
      started.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw Metadata.explain(e);
    } catch (TimeoutException e) {
      throw new AshlarException(
          ErrorCode.TIMEOUT,
          "Master "
              + config.name()
              + " did not start within "
              + timeout.toSeconds()
              + " s: it waits for the other masters of its list",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AshlarException(
          ErrorCode.UNAVAILABLE, "Interrupted while master " + config.name() + " started", e);
    }
  }

  /** Where clients reach it; the port is the real one if 0 was asked for. */
  public InetSocketAddress clientAddress() {
    return rpc.address();
  }

  /** Whether this master leads and serves. */
  public boolean leads() {
    Node n = node;
    return n != null && n.leadership().leader() != null;
  }

  /** Last log index in its store, -1 if it is not started. */
  public long appliedIndex() {
    Node n = node;
    return n == null ? -1 : n.replicator().appliedIndex();
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    rpc.close();
    starter.interrupt();
    try {
      starter.join(TimeUnit.SECONDS.toMillis(60));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    pools.close();
    Node n = node;
    if (n != null) {
      n.close();
    }
    others.close();
  }
}
