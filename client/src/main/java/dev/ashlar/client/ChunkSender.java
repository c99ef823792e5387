package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.ChunkReply;
import dev.ashlar.protocol.message.CommittedChunk;
import dev.ashlar.protocol.rpc.RpcReply;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Has the chunks of one writer received and sealed by their servers: keeps each block's requests
 * going, gives up servers that fail or keep the rest waiting, and moves a chunk to other servers
 * when too few are left. All work is done by the writer's thread in {@link #pump}, {@link #work}
 * and {@link #batch}.
 */
final class ChunkSender implements AutoCloseable {
  /** How often the owner looks for late servers while it waits. */
  private static final Duration TICK = Duration.ofMillis(20);

  /** How often one chunk is moved to other servers. */
  private static final int MOST_RESTARTS = 6;

  /** Grows with every restart: servers may just be starting. All together some seconds. */
  private static final long RESTART_PAUSE_MS = 25;

  /** Who waited so long for the memory of many stripes takes that of one. */
  private static final long MODEST_AFTER_NS = 1_000_000_000L;

  private final String name;
  private final ClientServices services;
  private final Policy policy;
  private final PlaceSource places;
  private final Committed committed;
  private final StripeCoder coder;
  private final Mailbox<Lane.Send> mailbox;
  private final List<ChunkWrite> underWay = new ArrayList<>();
  private final TreeMap<Integer, CommittedChunk> sealed = new TreeMap<>();
  private final Set<Long> failedGroups = new LinkedHashSet<>();
  private @Nullable ChunkWrite lastSealed;
  private boolean restarting;

  ChunkSender(
      String name,
      ClientServices services,
      Policy policy,
      PlaceSource places,
      Committed committed) {
    this.name = name;
    this.services = services;
    this.mailbox = new Mailbox<>(services.world());
    this.policy = policy;
    this.places = places;
    this.committed = committed;
    this.coder = new StripeCoder(policy, services.codes().of(policy));
  }

  /** Chunks begun and not yet sealed. */
  int underWay() {
    return underWay.size();
  }

  int sealedChunks() {
    return sealed.size();
  }

  /** Hands out the sealed chunks before the first that is still under way. */
  List<CommittedChunk> takeSealed() {
    int end = Integer.MAX_VALUE;
    for (ChunkWrite chunk : underWay) {
      end = Math.min(end, chunk.index());
    }
    Map<Integer, CommittedChunk> contiguous = sealed.headMap(end);
    List<CommittedChunk> taken = List.copyOf(contiguous.values());
    contiguous.clear();
    return taken;
  }

  /** The chunk that was sealed last. */
  @Nullable ChunkWrite lastSealed() {
    return lastSealed;
  }

  /**
   * Takes a new chunk. Disks may have filled up or gone since the master chose them: a chunk that
   * has too few is moved now, as bytes that nobody takes would be let go of.
   */
  void begin(ChunkWrite chunk) throws AshlarException {
    giveUpAvoided(chunk);
    underWay.add(chunk);
    if (chunk.hopeless()) {
      restart(chunk);
    }
  }

  private void giveUpAvoided(ChunkWrite chunk) {
    chunk.avoid(services.writeHealth()::avoided);
  }

  /** Forgets a chunk that turned out to have no bytes. */
  void drop(ChunkWrite chunk) {
    underWay.remove(chunk);
    chunk.free();
  }

  /** Sends what can be sent of this chunk now. */
  void push(ChunkWrite chunk) {
    for (Lane lane : chunk.lanes()) {
      for (Lane.Send next = lane.next(now()); next != null; next = lane.next(now())) {
        Batch batch = next.batch();
        ByteBuf payload = batch == null ? null : batch.toSend(lane.index());
        mailbox.expect(
            next,
            services
                .blocks()
                .send(
                    lane.place().server(),
                    next.request(),
                    payload,
                    services.config().blockTimeout()));
      }
    }
  }

  private long now() {
    return services.world().nanoTime();
  }

  /** Deals with the answers that are there, without waiting. */
  void pump() throws AshlarException {
    Mailbox.Answer<Lane.Send> answer = mailbox.poll();
    if (answer != null) {
      do {
        answered(answer);
        answer = mailbox.poll();
      } while (answer != null);
      settle();
    }
  }

  /** Deals with the answers that are there, or waits a moment for one. */
  void work() throws AshlarException {
    Mailbox.Answer<Lane.Send> answer = underWay.isEmpty() ? null : mailbox.poll(TICK);
    if (answer != null) {
      answered(answer);
      pump();
    }
    long now = now();
    for (ChunkWrite chunk : underWay) {
      for (Lane late = chunk.late(now); late != null; late = chunk.late(now)) {
        giveUp(
            chunk,
            late,
            "was given up: it took over "
                + (now - late.sentAtNs()) / 1_000_000
                + " ms where its sisters were done",
            true);
      }
    }
    settle();
  }

  /**
   * An empty batch with all its memory, waiting for it while answers are dealt with. Where others
   * are always faster to take what they need, less is wanted after a while.
   *
   * @param stripes how many it should hold
   */
  Batch batch(long blockOffset, int stripes, long chunkLeft) throws AshlarException {
    Batch batch = new Batch(policy, services.pool(), blockOffset, stripes, chunkLeft);
    long start = now();
    while (!batch.tryReserve(false)) {
      waitForMemory(start);
      if (now() - start > MODEST_AFTER_NS) {
        batch = new Batch(policy, services.pool(), blockOffset, 1, chunkLeft);
      }
    }
    return batch;
  }

  /** Memory for a batch that is sent again. Its data is here already, so others must not wait. */
  private void reserveUrgently(Batch batch) throws AshlarException {
    long start = now();
    while (!batch.tryReserve(true)) {
      waitForMemory(start);
    }
  }

  /** Deals with answers for a moment; fails if it was {@code start} too long ago. */
  private void waitForMemory(long start) throws AshlarException {
    if (now() - start > services.config().blockTimeout().multipliedBy(2).toNanos()) {
      throw services.pool().exhausted();
    }
    if (underWay.isEmpty()) {
      Mailbox.Answer<Lane.Send> late = mailbox.poll(TICK);
      if (late != null) {
        answered(late);
      }
    } else {
      work();
    }
  }

  private void answered(Mailbox.Answer<Lane.Send> answer) throws AshlarException {
    Lane.Send send = answer.request();
    Lane lane = send.lane();
    ChunkWrite chunk = lane.chunk();
    try (RpcReply reply = answer.reply()) {
      if (!chunk.owns(lane) || lane.failure() != null) {
        return; // an answer that was not waited for
      }
      AshlarException error = answer.error();
      if (error != null) {
        failed(chunk, lane, error);
      } else if (reply != null && reply.message() instanceof ChunkReply message) {
        Batch sent = send.batch();
        String complaint = lane.answered(send, message, answer.tookNs());
        services.writeHealth().answered(lane.place().server(), answer.tookNs());
        if (complaint != null) {
          giveUp(chunk, lane, "failed: " + complaint, false);
        } else if (sent != null) {
          sent.settled(lane.index());
        }
      } else {
        giveUp(chunk, lane, "answered with something that is not for a client", false);
      }
    }
    push(chunk);
  }

  private void failed(ChunkWrite chunk, Lane lane, AshlarException error) throws AshlarException {
    switch (error.code()) {
      case STALE_EPOCH, LEASE_LOST ->
          throw new AshlarException(
              ErrorCode.LEASE_LOST,
              "Somebody else may write "
                  + name
                  + " by now, what was written since the last fsync is dropped: "
                  + error.getMessage(),
              error);
      case UNAVAILABLE, TIMEOUT, INTERNAL, DISK_FAILED ->
          giveUp(chunk, lane, "failed: " + error.getMessage(), true);
      case NO_SPACE -> {
        chunk.full(String.valueOf(error.getMessage()));
        giveUp(chunk, lane, "failed: " + error.getMessage(), false);
      }
      default -> giveUp(chunk, lane, "failed: " + error.getMessage(), false);
    }
  }

  private void giveUp(ChunkWrite chunk, Lane lane, String why, boolean serverInTrouble) {
    chunk.fail(lane, why);
    services.stats().gaveUp();
    if (serverInTrouble) {
      services.writeHealth().failed(lane.place().server());
    }
  }

  /** Takes out what is done, moves what cannot be done where it is. */
  private void settle() throws AshlarException {
    Iterator<ChunkWrite> all = underWay.iterator();
    ChunkWrite stuck = null;
    while (all.hasNext()) {
      ChunkWrite chunk = all.next();
      if (chunk.hopeless()) {
        stuck = chunk;
      } else if (chunk.ended()) {
        all.remove();
        sealed.put(chunk.index(), chunk.committed());
        if (lastSealed == null || lastSealed.index() <= chunk.index()) {
          lastSealed = chunk;
        }
        chunk.free();
      }
    }
    if (stuck != null && !restarting) {
      restart(stuck);
    }
  }

  private void restart(ChunkWrite chunk) throws AshlarException {
    restarting = true;
    try {
      moveElsewhere(chunk);
    } finally {
      restarting = false;
    }
  }

  private void moveElsewhere(ChunkWrite chunk) throws AshlarException {
    String troubles = chunk.troubles();
    String full = chunk.full();
    if (!chunk.reclaim()) {
      throw full != null ? noRoom(chunk, full) : gone(chunk, troubles);
    }
    long kept = chunk.keptBytes();
    List<Batch> batches = List.copyOf(chunk.batches());
    boolean complete = chunk.complete();
    try {
      // Bytes that too few disks wait for would be let go of: they stay here until there are
      // enough.
      do {
        if (chunk.restarts() == MOST_RESTARTS) {
          throw full != null ? noRoom(chunk, full) : tired(chunk, troubles);
        }
        place(chunk);
      } while (chunk.hopeless());
      copyKept(chunk, kept);
      addAgain(chunk, batches, complete);
    } catch (AshlarException e) {
      batches.forEach(Batch::free); // those that were not added again have no other owner
      throw e;
    }
  }

  private void addAgain(ChunkWrite chunk, List<Batch> batches, boolean complete)
      throws AshlarException {
    for (int i = 0; i < batches.size(); i++) {
      Batch batch = batches.get(i);
      if (!batch.hasParity()) {
        reserveUrgently(batch);
        coder.codeAll(batch);
      }
      chunk.add(batch, complete && i == batches.size() - 1);
      push(chunk);
    }
    if (complete && !chunk.complete()) {
      chunk.finish();
      push(chunk);
    }
  }

  /**
   * Gives a chunk other disks, as the master chooses now; a moment later if it has failed before.
   */
  private void place(ChunkWrite chunk) throws AshlarException {
    if (chunk.restarts() > 0) {
      pause(RESTART_PAUSE_MS << chunk.restarts());
    }
    services.stats().restarted();
    if (chunk.base() == 0) {
      failedGroups.add(chunk.place().group());
    }
    chunk.restart(
        places.instead(chunk.index(), failedGroups.stream().mapToLong(Long::longValue).toArray()));
    giveUpAvoided(chunk);
  }

  private AshlarException noRoom(ChunkWrite chunk, String full) {
    return new AshlarException(
        ErrorCode.NO_SPACE,
        "There is no room for chunk " + chunk.index() + " of " + name + ": " + full);
  }

  private AshlarException tired(ChunkWrite chunk, String troubles) {
    return new AshlarException(
        ErrorCode.UNAVAILABLE,
        "Too few chunk servers take chunk "
            + chunk.index()
            + " of "
            + name
            + " (needed are "
            + policy.minimumBlocks()
            + " blocks of "
            + policy.width()
            + "): "
            + troubles
            + ". Check the servers with 'ashlar status', then write it again");
  }

  private AshlarException gone(ChunkWrite chunk, String troubles) {
    return new AshlarException(
        ErrorCode.UNAVAILABLE,
        "Too many chunk servers failed while chunk "
            + chunk.index()
            + " of "
            + name
            + " was written, and its first bytes are no longer in memory to send them elsewhere: "
            + troubles
            + ". Write it again");
  }

  private void pause(long ms) throws AshlarException {
    try {
      services.world().sleep(TimeUnit.MILLISECONDS.toNanos(ms));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AshlarException(ErrorCode.TIMEOUT, "Interrupted while writing " + name, e);
    }
  }

  /**
   * The leading stripes, which the first try shared with the committed version, are read from there
   * and sent like new ones.
   */
  private void copyKept(ChunkWrite chunk, long kept) throws AshlarException {
    long start = chunk.index() * policy.chunkBytes();
    ByteBuffer buffer = ByteBuffer.allocate(kept == 0 ? 0 : policy.stripeBytes());
    for (long at = 0; at < kept; at += policy.stripeBytes()) {
      committed.read(start + at, buffer.clear());
      buffer.flip();
      Batch batch =
          new Batch(policy, services.pool(), chunk.length() / policy.k(), 1, policy.stripeBytes());
      reserveUrgently(batch);
      while (buffer.hasRemaining()) {
        for (ByteBuffer space : batch.space(buffer.remaining())) {
          int count = space.remaining();
          space.put(buffer.slice(buffer.position(), count));
          buffer.position(buffer.position() + count);
          var _ = batch.filled(count);
        }
      }
      coder.codeAll(batch);
      chunk.add(batch, false);
      push(chunk);
    }
  }

  /** Lets go of everything; answers that still come are dropped. */
  @Override
  public void close() {
    mailbox.close();
    underWay.forEach(ChunkWrite::free);
    underWay.clear();
  }
}
