package dev.ashlar.simulation;

import dev.ashlar.chunkserver.store.BlockBytes;
import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.chunkserver.store.BlockWrite;
import dev.ashlar.master.state.Queries;
import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.message.ChunkReply.BlockInfo;
import dev.ashlar.protocol.message.ChunkReply.Blocks;
import dev.ashlar.protocol.message.ChunkReply.Sealed;
import dev.ashlar.protocol.message.MasterReply.BlockFate;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import dev.ashlar.protocol.message.MasterRequest.DiskReport;
import dev.ashlar.protocol.message.MasterRequest.GroupDigest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A store that lets nobody delete a good block that a committed version or a write under way needs,
 * nobody with an older epoch write after one with a newer, and that calls nothing durable after a
 * sync was refused.
 */
final class WatchedStore implements BlockStore {
  private final BlockStore store;
  private final ServerMachine machine;
  private final BooleanSupplier syncFailed;
  private final Supplier<RaftDisk> metadata;
  private final Map<Long, Long> epochs = new HashMap<>();

  WatchedStore(
      BlockStore store,
      ServerMachine machine,
      BooleanSupplier syncFailed,
      Supplier<RaftDisk> metadata) {
    this.store = store;
    this.machine = machine;
    this.syncFailed = syncFailed;
    this.metadata = metadata;
  }

  /**
   * Judges what was asked for after something newer had been answered. Answers themselves come in
   * any order: a seal's waits for a sync, a later write's does not.
   */
  private <T> CompletableFuture<T> fenced(
      BlockKey block, long epoch, Supplier<CompletableFuture<T>> operation) {
    long seen = epochs.getOrDefault(block.chunk(), 0L);
    return operation
        .get()
        .thenApply(t -> {
          if (epoch != 0 && epoch < seen) {
            throw broken(block + " was written under epoch " + epoch + " after epoch " + seen);
          }
          epochs.merge(block.chunk(), epoch, Math::max);
          return t;
        });
  }

  /** What is said to be durable was not, once a sync was refused. */
  private <T> CompletableFuture<T> durable(String what, CompletableFuture<T> outcome) {
    return outcome.thenApply(t -> {
      if (syncFailed.getAsBoolean()) {
        throw broken(what + " is called durable though a sync of its disk was refused");
      }
      return t;
    });
  }

  private Violation broken(String what) {
    Violation v = new Violation(machine.name() + ": " + what);
    machine.scheduler().fail(v);
    return v;
  }

  @Override
  public CompletableFuture<Void> delete(List<BlockKey> blocks) {
    for (BlockKey b : blocks) {
      check(b);
    }
    return durable("A deletion", store.delete(blocks));
  }

  @Override
  public CompletableFuture<Void> unstage(BlockKey block) {
    try {
      if (!store.stat(block).sealed()) {
        epochs.remove(block.chunk()); // a store forgets the fences of what it does not have
      }
    } catch (AshlarException e) {
      // it is not here
    }
    return store.unstage(block);
  }

  private void check(BlockKey block) {
    BlockInfo info;
    try {
      info = store.stat(block);
    } catch (AshlarException e) {
      return;
    }
    epochs.remove(block.chunk()); // a store forgets the fences of what it does not have
    if (!info.sealed()) {
      return;
    }
    BlockEntry entry = null;
    try {
      for (BlockEntry e : store.list(null, 10_000).blocks()) {
        entry = e.block().equals(block) ? e : entry;
      }
      if (entry == null) {
        return;
      }
      BlockFate fate;
      boolean counted;
      try (ReadTxn txn = metadata.get().store().read()) {
        Queries queries = new Queries(txn);
        fate = queries.explain(store.diskId(), List.of(entry)).fates().getFirst();
        counted =
            !queries
                .judge(store.diskId(), entry.group(), List.of(entry), 0, 0)
                .found()
                .contains(block);
      }
      if (fate == BlockFate.STAGED) {
        throw broken(block + " is deleted though its writer may commit it");
      }
      boolean misread = machine.disk().faults().flipReads > 0;
      // One that counts as missing there is garbage from before its place was chosen again.
      if (fate == BlockFate.NEEDED
          && counted
          && !misread
          && store.verify(List.of(block)).isEmpty()) {
        throw broken(
            block
                + " is deleted by "
                + String.valueOf(machine.scheduler().current())
                + " though a committed version needs it");
      }
    } catch (AshlarException e) {
      throw broken("The fate of " + block + " cannot be told: " + e.getMessage());
    }
  }

  @Override
  public long diskId() {
    return store.diskId();
  }

  @Override
  public long clusterId() {
    return store.clusterId();
  }

  @Override
  public void adopt(long clusterId) throws IOException {
    store.adopt(clusterId);
  }

  @Override
  public CompletableFuture<Long> write(BlockWrite write, ByteBuffer... payload) {
    return fenced(write.block(), write.epoch(), () -> store.write(write, payload));
  }

  @Override
  public CompletableFuture<Sealed> writeAndSeal(BlockWrite write, ByteBuffer... payload) {
    return durable(
        write.block().toString(),
        fenced(write.block(), write.epoch(), () -> store.writeAndSeal(write, payload)));
  }

  @Override
  public CompletableFuture<Sealed> seal(
      BlockKey block, long group, long epoch, long base, long keep, long length) {
    return durable(
        block.toString(),
        fenced(block, epoch, () -> store.seal(block, group, epoch, base, keep, length)));
  }

  @Override
  public BlockBytes locate(BlockKey block, long offset, int length) throws AshlarException {
    return store.locate(block, offset, length);
  }

  @Override
  public BlockInfo stat(BlockKey block) throws AshlarException {
    return store.stat(block);
  }

  @Override
  public Blocks list(@Nullable BlockKey after, int limit) throws AshlarException {
    return store.list(after, limit);
  }

  @Override
  public List<GroupDigest> digests() throws AshlarException {
    return store.digests();
  }

  @Override
  public List<BlockEntry> blocksOf(long group) throws AshlarException {
    return store.blocksOf(group);
  }

  @Override
  public List<BadBlock> verify(List<BlockKey> blocks) throws AshlarException {
    return store.verify(blocks);
  }

  @Override
  public List<BadBlock> takeBad() {
    return store.takeBad();
  }

  @Override
  public DiskReport report() {
    return store.report();
  }

  @Override
  public long busyNs() {
    return store.busyNs();
  }

  @Override
  public void check() {
    store.check();
  }

  @Override
  public void close() {
    store.close();
  }
}
