package dev.ashlar.simulation;

import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.message.BlockPlace;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.ChunkReply.BlockInfo;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What must be so on the disks of a cluster that had the time to become whole. */
final class Invariants {
  /** Headers of segments being written, which the store does not count. */
  private static final int UNCOUNTED = 64 << 10;

  private final Cluster cluster;

  private record Place(long disk, BlockKey block) {}

  Invariants(Cluster cluster) {
    this.cluster = cluster;
  }

  /** The first thing that is wrong, null if nothing is. */
  @Nullable String whole(List<MasterReply.FileChunks> files) {
    Map<Long, BlockStore> stores = new HashMap<>();
    for (ServerMachine s : cluster.servers()) {
      BlockStore store = s.store();
      if (store == null) {
        return s.name() + " does not run";
      }
      stores.put(store.diskId(), store);
    }
    Set<Place> needed = new HashSet<>();
    for (MasterReply.FileChunks f : files) {
      for (ChunkPlace c : f.chunks()) {
        String fault = blocks(f, c, stores, needed);
        if (fault != null) {
          return fault;
        }
      }
    }
    return strangers(needed);
  }

  private static @Nullable String blocks(
      MasterReply.FileChunks f, ChunkPlace c, Map<Long, BlockStore> stores, Set<Place> needed) {
    dev.ashlar.protocol.Policy policy = dev.ashlar.protocol.Policy.parse(f.attr().policy());
    for (int i = 0; i < policy.width(); i++) {
      if (dev.ashlar.protocol.BlockLayout.blockLength(policy, c.storedLength(), i) == 0) {
        continue;
      }
      BlockKey key = new BlockKey(c.chunk(), c.version(), i);
      String what = key + " of " + f.path();
      BlockPlace at = c.blocks().get(i);
      BlockStore store = stores.get(at.disk());
      if (store == null) {
        return what + " is on no disk";
      }
      needed.add(new Place(at.disk(), key));
      try {
        BlockInfo info = store.stat(key);
        if (!info.sealed() || info.root() != c.roots()[i]) {
          return what + " on disk " + at.disk() + " is not what was committed";
        }
        if (!store.verify(List.of(key)).isEmpty()) {
          return what + " on disk " + at.disk() + " is damaged";
        }
      } catch (AshlarException e) {
        return what + " on disk " + at.disk() + ": " + e.getMessage();
      }
    }
    return null;
  }

  /** Blocks that nobody needs, and bytes that nobody counts. */
  private @Nullable String strangers(Set<Place> needed) {
    for (ServerMachine s : cluster.servers()) {
      BlockStore store = s.store();
      try {
        if (store == null) {
          return s.name() + " does not run";
        }
        for (BlockEntry e : store.list(null, 10_000).blocks()) {
          if (!needed.contains(new Place(store.diskId(), e.block()))) {
            return e.block() + " on " + s.name() + " is needed by nobody";
          }
        }
        long difference = Math.abs(store.report().usedBytes() - s.disk().usedBytes());
        if (difference > UNCOUNTED) {
          return s.name()
              + " counts "
              + store.report().usedBytes()
              + " bytes on its disk, which holds "
              + s.disk().usedBytes();
        }
      } catch (AshlarException e) {
        return s.name() + ": " + e.getMessage();
      }
    }
    return null;
  }
}
