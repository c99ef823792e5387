package dev.ashlar.master.server;

import dev.ashlar.master.raft.ReplicationException;
import dev.ashlar.master.raft.Replicator;
import dev.ashlar.master.state.LogCommand;
import dev.ashlar.master.state.Topology;
import dev.ashlar.master.store.KeyValueStore;
import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.message.DecodeException;
import dev.ashlar.protocol.message.ErrorReply;
import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.message.RecordCodec;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The replicated state as the services use it: commands in, reads out. Thread-safe. */
final class Metadata {
  private static final long DECIDE_SECONDS = 20;
  private static final long TOPOLOGY_AGE_NS = 500_000_000L;

  private final Replicator replicator;
  private final KeyValueStore store;
  private final World world;
  private Dated topology;

  private record Dated(Topology topology, long atNs) {}

  Metadata(Replicator replicator, KeyValueStore store, World world) {
    this.world = world;
    this.replicator = replicator;
    this.store = store;
    topology = new Dated(read(Topology::load), world.nanoTime());
  }

  World world() {
    return world;
  }

  Replicator replicator() {
    return replicator;
  }

  /** What is done in one read transaction. */
  @FunctionalInterface
  interface Read<T extends @Nullable Object, E extends Exception> {
    T from(ReadTxn txn) throws E;
  }

  /**
   * Reads what this master has applied. Whoever needs it current waits for {@link
   * Replicator#readBarrier} first.
   */
  <T extends @Nullable Object, E extends Exception> T read(Read<T, E> read) throws E {
    try (ReadTxn txn = store.read()) {
      return read.from(txn);
    }
  }

  /** Half a second old at most. */
  synchronized Topology topology() {
    return world.nanoTime() - topology.atNs > TOPOLOGY_AGE_NS ? reload() : topology.topology;
  }

  /** With everything that is applied. */
  synchronized Topology reload() {
    long now = world.nanoTime();
    topology = new Dated(read(Topology::load), now);
    return topology.topology;
  }

  /** The next {@link #topology} is read anew. */
  synchronized void stale() {
    topology = new Dated(topology.topology, world.nanoTime() - 2 * TOPOLOGY_AGE_NS);
  }

  /** Completes with the state machine's reply, or fails with a {@link ReplicationException}. */
  CompletableFuture<Message> propose(LogCommand command) {
    return replicator
        .propose(RecordCodec.encodeTagged((Record) command))
        .thenApply(Metadata::decode);
  }

  private static Message decode(byte[] reply) {
    try {
      return RecordCodec.decodeMessage(ByteBuffer.wrap(reply));
    } catch (DecodeException e) {
      throw new CompletionException(e);
    }
  }

  /**
   * Proposes and waits; an ErrorReply becomes an exception. Never on a replicator's or network
   * thread.
   */
  Message decide(LogCommand command) throws AshlarException {
    Message reply = await(propose(command));
    if (reply instanceof ErrorReply e) {
      throw new AshlarException(e.code(), e.detail());
    }
    return reply;
  }

  /** Waits until reads are current. */
  void barrier() throws AshlarException {
    await(replicator.readBarrier());
  }

  private <T> T await(CompletableFuture<T> future) throws AshlarException {
    try {
      return world.await(future, TimeUnit.SECONDS.toNanos(DECIDE_SECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AshlarException(ErrorCode.RETRY, "This master is stopping", e);
    } catch (TimeoutException e) {
      throw new AshlarException(
          ErrorCode.TIMEOUT,
          "No majority of the masters answered within " + DECIDE_SECONDS + " s",
          e);
    } catch (ExecutionException e) {
      throw explain(e);
    }
  }

  /** What a failure of the log means to whoever asked. The detail of NOT_LEADER is left empty. */
  static AshlarException explain(Throwable failure) {
    Throwable cause = failure;
    while ((cause instanceof CompletionException || cause instanceof ExecutionException)
        && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return switch (cause) {
      case AshlarException a -> a;
      case ReplicationException r ->
          switch (r.kind()) {
            case NOT_LEADER -> new AshlarException(ErrorCode.NOT_LEADER, "", r);
            case RETRY -> new AshlarException(ErrorCode.RETRY, String.valueOf(r.getMessage()), r);
            case REFUSED ->
                new AshlarException(ErrorCode.TOO_LARGE, String.valueOf(r.getMessage()), r);
          };
      default -> new AshlarException(ErrorCode.INTERNAL, "The master failed: " + cause, cause);
    };
  }
}
