package dev.ashlar.chunkserver.server;

import dev.ashlar.chunkserver.server.ChunkServerConfig.DiskDir;
import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.message.MasterRequest.DiskReport;
import dev.ashlar.protocol.message.MasterRequest.DiskState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An opened disk and what the server knows of it beyond its store. Thread-safe. */
final class ServedDisk {
  private static final Logger LOG = LoggerFactory.getLogger(ServedDisk.class);

  /** Damaged blocks that wait for the disk's scrub; one would do to have it search. */
  private static final int DAMAGE_LIMIT = 1_000;

  private final DiskDir dir;
  private final BlockStore store;
  private final DiskLane lane;
  private volatile boolean foreign;
  private volatile String hung = "";
  private volatile String notice = "";
  private final Set<BlockKey> damage = ConcurrentHashMap.newKeySet();

  ServedDisk(DiskDir dir, BlockStore store, DiskLane lane) {
    this.dir = dir;
    this.store = store;
    this.lane = lane;
  }

  long id() {
    return store.diskId();
  }

  Path path() {
    return dir.path();
  }

  BlockStore store() {
    return store;
  }

  /** The clients' way to write to it. */
  DiskLane lane() {
    return lane;
  }

  /** Whether it belongs to another cluster. */
  boolean foreign() {
    return foreign;
  }

  /** Binds a fresh disk to the cluster. Returns false if that must be tried again. */
  boolean join(long cluster) {
    try {
      if (store.clusterId() == 0) {
        store.adopt(cluster);
      }
    } catch (IOException e) {
      LOG.warn(
          "Disk {} in {} could not join cluster {}: {}", id(), path(), cluster, e.getMessage());
      return false;
    }
    boolean other = store.clusterId() != cluster;
    if (other) {
      LOG.error(
          "Disk {} in {} belongs to cluster {}, but the masters are of cluster {}: it is not served. Remove it from this server, or point the server to its own masters",
          id(),
          path(),
          store.clusterId(),
          cluster);
    }
    foreign = other;
    return true;
  }

  /**
   * @param why the disk counts as failed because it does not answer; empty if it does
   */
  void hung(String why) {
    hung = why;
  }

  /** Why it counts as failed although its store does not say so; empty if it does not. */
  String hung() {
    return hung;
  }

  /**
   * @param what a person should know of its scrub, empty if all is as usual
   */
  void notice(String what) {
    notice = what;
  }

  /** Somebody met damage in this block: a reason for its scrub to search the whole disk. */
  void damaged(BlockKey block) {
    if (damage.size() < DAMAGE_LIMIT) {
      damage.add(block);
    }
  }

  /** What was {@link #damaged} since the last call. */
  List<BlockKey> takeDamage() {
    List<BlockKey> taken = List.copyOf(damage);
    taken.forEach(damage::remove);
    return taken;
  }

  DiskReport report() {
    DiskReport r = store.report();
    if (foreign) {
      return with(r, DiskState.FAILED, "belongs to another cluster and is not served");
    }
    if (!hung.isEmpty() && r.state() != DiskState.FAILED) {
      return with(r, DiskState.FAILED, hung);
    }
    return r.error().isEmpty() && !notice.isEmpty() ? with(r, r.state(), notice) : r;
  }

  private static DiskReport with(DiskReport r, DiskState state, String error) {
    return new DiskReport(
        r.disk(),
        r.path(),
        state,
        r.capacityBytes(),
        r.usedBytes(),
        r.freeBytes(),
        r.blocks(),
        error);
  }
}
