package dev.ashlar.chunkserver.server;

import dev.ashlar.chunkserver.server.ChunkServerConfig.DiskDir;
import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import dev.ashlar.protocol.message.MasterRequest.DiskReport;
import dev.ashlar.protocol.message.MasterRequest.DiskState;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The disks of a server. A configured directory that is missing or empty when the server starts
 * becomes a new disk; while the server runs nothing is ever formatted: a directory that vanishes
 * may be a mount that went away, and what would be formatted then is the wrong file system. So a
 * vanished disk is reported as failed until the next start. Thread-safe.
 */
final class Disks implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Disks.class);

  /** Bounds of the bytes of clients' writes that wait for one disk. */
  private static final long WAITING_LEAST = 16L << 20;

  private static final long WAITING_MOST = 256L << 20;

  /**
   * A disk that hangs must not keep the others from being served; nor may waiting for it take so
   * long that masters give up the whole server, which by default is 10 min.
   */
  private static final Duration OPEN_LIMIT = Duration.ofMinutes(8);

  private final List<ServedDisk> disks;
  private final List<DiskReport> unopened;
  private volatile long cluster;

  /** Opens one directory: formats it if need be, recovers what is there. */
  interface Opener {
    BlockStore open(DiskDir dir) throws IOException;
  }

  private Disks(List<ServedDisk> disks, List<DiskReport> unopened) {
    this.disks = List.copyOf(disks);
    this.unopened = List.copyOf(unopened);
  }

  /**
   * Opens every directory that can be opened within {@link #OPEN_LIMIT}, all at a time. Blocks, for
   * recovery perhaps long.
   *
   * @throws IOException if none can
   */
  static Disks open(String server, List<DiskDir> dirs, Opener opener, World world)
      throws IOException {
    return open(server, dirs, opener, OPEN_LIMIT, world);
  }

  static Disks open(String server, List<DiskDir> dirs, Opener opener, Duration limit, World world)
      throws IOException {
    long untilNs = world.nanoTime() + limit.toNanos();
    List<CompletableFuture<BlockStore>> openings = new ArrayList<>();
    for (DiskDir dir : dirs) {
      CompletableFuture<BlockStore> opening = new CompletableFuture<>();
      openings.add(opening);
      var _ =
          world.start(
              server + "-open-" + dir.path().getFileName(), () -> open(opener, dir, opening));
    }
    long waiting =
        Math.clamp(
            Runtime.getRuntime().maxMemory() / 16 / dirs.size(), WAITING_LEAST, WAITING_MOST);
    List<ServedDisk> disks = new ArrayList<>();
    List<DiskReport> unopened = new ArrayList<>();
    Throwable first = null;
    for (int i = 0; i < dirs.size(); i++) {
      DiskDir dir = dirs.get(i);
      Throwable why;
      try {
        long left = Math.max(0, untilNs - world.nanoTime());
        disks.add(new ServedDisk(dir, world.await(openings.get(i), left), new DiskLane(waiting)));
        continue;
      } catch (ExecutionException e) {
        why = e.getCause() == null ? e : e.getCause();
      } catch (TimeoutException e) {
        why = new IOException("it did not open within " + limit.toSeconds() + " s", e);
        closeWhenOpen(openings.get(i));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException(
            "Interrupted while the disks of chunk server " + server + " were opened", e);
      }
      LOG.error("{}: the disk in {} is not served: {}", server, dir.path(), why.getMessage(), why);
      unopened.add(
          new DiskReport(
              0,
              dir.path().toString(),
              DiskState.FAILED,
              0,
              0,
              0,
              0,
              String.valueOf(why.getMessage())));
      first = first == null ? why : first;
    }
    if (disks.isEmpty() && first != null) {
      throw new IOException(
          "Chunk server " + server + " has no disk that works: " + first.getMessage(), first);
    }
    return new Disks(disks, unopened);
  }

  private static void closeWhenOpen(CompletableFuture<BlockStore> opening) {
    var _ =
        opening.thenAccept(store -> {
          LOG.warn("Disk {} opened too late and is closed until the next start", store.diskId());
          store.close();
        });
  }

  private static void open(Opener opener, DiskDir dir, CompletableFuture<BlockStore> into) {
    try {
      into.complete(opener.open(dir));
    } catch (Throwable e) {
      into.completeExceptionally(e); // whoever waits says so
    }
  }

  List<ServedDisk> all() {
    return disks;
  }

  /** The store of a disk in service. */
  BlockStore serving(long disk) throws AshlarException {
    return inService(disk).store();
  }

  /** Whether this server has such a disk, in service or not. */
  boolean has(long disk) {
    return disks.stream().anyMatch(d -> d.id() == disk);
  }

  /** Somebody met damage on a disk of this server, which is a reason to search all of it. */
  void damaged(BadBlock block) {
    for (ServedDisk d : disks) {
      if (d.id() == block.disk()) {
        d.damaged(block.block());
      }
    }
  }

  /** A disk in service. */
  ServedDisk inService(long disk) throws AshlarException {
    for (ServedDisk d : disks) {
      if (d.id() == disk) {
        if (d.foreign()) {
          throw new AshlarException(
              ErrorCode.DISK_FAILED,
              "Disk " + disk + " belongs to another cluster and is not served");
        }
        String hung = d.hung();
        if (!hung.isEmpty()) {
          // The masters hear that it failed; what it is asked now would only wait for it.
          throw new AshlarException(ErrorCode.DISK_FAILED, "Disk " + disk + " " + hung);
        }
        return d;
      }
    }
    throw new AshlarException(
        ErrorCode.DISK_FAILED,
        "This server has no disk " + disk + " (any more); ask the master for the map again");
  }

  /**
   * The cluster's id as the master says: fresh disks join it, disks of other clusters go out of
   * service. Blocks.
   */
  void join(long id) {
    if (id == 0 || id == cluster) {
      return;
    }
    boolean all = true;
    for (ServedDisk d : disks) {
      all &= d.join(id);
    }
    if (all) {
      cluster = id;
    }
  }

  /** Cluster that the disks joined, 0 while unknown. */
  long cluster() {
    return cluster;
  }

  /** What heartbeats say: disks of this cluster, or of none yet. */
  List<DiskReport> reports() {
    List<DiskReport> reports = new ArrayList<>();
    for (ServedDisk d : disks) {
      if (!d.foreign()) {
        reports.add(d.report());
      }
    }
    return reports;
  }

  /** What people are told: also disks that are not served, and why. */
  List<DiskReport> everything() {
    List<DiskReport> reports = new ArrayList<>(unopened);
    for (ServedDisk d : disks) {
      reports.add(d.report());
    }
    return reports;
  }

  @Override
  public void close() {
    disks.forEach(d -> d.store().close());
  }
}
