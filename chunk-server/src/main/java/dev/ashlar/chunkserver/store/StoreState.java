package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * What one disk holds and knows: shared by the parts that write, read, recover and compact. Each
 * field says in its own class who may touch it.
 */
final class StoreState {
  /** Most bad blocks remembered until somebody takes them; a scrub finds the others again. */
  private static final int MAX_BAD = 10_000;

  final BlockLog log;
  final BlockIndex index;
  final SpaceMap space = new SpaceMap();
  final GroupTotals totals = new GroupTotals();

  /** Retires dead extents (to be punched) and emptied segments (to be deleted). */
  final Leases<Retired> leases = new Leases<>();

  /** Blocks being written. Changed by the disk's thread only. */
  final NavigableMap<BlockKey, Staged> staged = new ConcurrentSkipListMap<>();

  /**
   * Blocks whose seal is not committed yet: for readers only, who look here before they look into
   * the index.
   */
  final NavigableMap<BlockKey, Staged> sealing = new ConcurrentSkipListMap<>();

  private final ConcurrentLinkedQueue<BadBlock> bad = new ConcurrentLinkedQueue<>();

  /** What may be destroyed once nobody reads it. */
  sealed interface Retired {
    record Bytes(List<Extent> extents) implements Retired {}

    record File(BlockLog.Segment segment) implements Retired {}
  }

  StoreState(BlockLog log, BlockIndex index) {
    this.log = log;
    this.index = index;
  }

  /** What of a block's extents no other version of it uses, staged or sealed. Disk's thread. */
  List<Extent> unshared(BlockKey key, List<Extent> extents) throws IOException {
    return Ranges.subtract(extents, used(key, key));
  }

  /** What of some extents no version of a block uses, staged or sealed. Disk's thread. */
  List<Extent> unused(BlockKey key, List<Extent> extents) throws IOException {
    return Ranges.subtract(extents, used(key, null));
  }

  private List<Extent> used(BlockKey key, @Nullable BlockKey except) throws IOException {
    List<Extent> used = new ArrayList<>();
    for (BlockRow row : index.versions(index.pending(), key.chunk(), key.index())) {
      if (!row.key().equals(except)) {
        used.addAll(row.extents());
      }
    }
    for (Staged s : stagedVersions(key)) {
      if (!s.key.equals(except)) {
        used.addAll(s.extents());
      }
    }
    return used;
  }

  /** Staged versions of the same block. */
  Collection<Staged> stagedVersions(BlockKey key) {
    return staged
        .subMap(
            new BlockKey(key.chunk(), Long.MIN_VALUE, key.index()),
            true,
            new BlockKey(key.chunk(), Long.MAX_VALUE, key.index()),
            true)
        .values();
  }

  boolean stagedChunk(long chunk) {
    BlockKey next = staged.ceilingKey(new BlockKey(chunk, Long.MIN_VALUE, 0));
    return next != null && next.chunk() == chunk;
  }

  void bad(BlockKey key, String reason) {
    if (bad.size() < MAX_BAD) {
      bad.add(new BadBlock(key, log.disk(), reason));
    }
  }

  List<BadBlock> takeBad() {
    List<BadBlock> taken = new ArrayList<>();
    for (BadBlock b = bad.poll(); b != null; b = bad.poll()) {
      taken.add(b);
    }
    return taken;
  }
}
