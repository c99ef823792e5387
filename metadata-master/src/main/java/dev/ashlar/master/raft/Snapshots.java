package dev.ashlar.master.raft;

import dev.ashlar.master.store.Applied;
import dev.ashlar.master.store.LmdbStore;
import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.ratis.io.MD5Hash;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.util.MD5FileUtil;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies of the store, made beside the apply thread so that a copy never stops the master. The
 * library lets the log go up to the index that it is told, so it is only told of copies that are
 * finished and synced.
 */
final class Snapshots implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Snapshots.class);

  private final String name;
  private final SnapshotStorage storage;
  private final LmdbStore store;
  private final Path work;
  private final AtomicBoolean copying = new AtomicBoolean();
  private volatile @Nullable Thread copier;
  private volatile long finished;
  private long reported;

  /**
   * @param work directory for unfinished copies, on the same file system as the snapshots
   */
  Snapshots(String name, SnapshotStorage storage, LmdbStore store, Path work) {
    this.name = name;
    this.storage = storage;
    this.store = store;
    this.work = work;
    SingleFileSnapshotInfo latest = storage.getLatestSnapshot();
    finished = latest == null ? RaftLog.INVALID_LOG_INDEX : latest.getIndex();
    reported = finished;
  }

  /**
   * Called by the library's one applying thread. Returns the index of a newly finished copy, or
   * starts one and returns {@link RaftLog#INVALID_LOG_INDEX}.
   */
  long take() {
    if (finished > reported) {
      reported = finished;
      return reported;
    }
    if (store.applied().index() > finished && copying.compareAndSet(false, true)) {
      copier = Thread.ofPlatform().name(name + "-snapshot").daemon().start(this::copy);
    }
    return RaftLog.INVALID_LOG_INDEX;
  }

  /** Index of the newest finished copy. */
  long finished() {
    return finished;
  }

  /** Makes a copy on this thread. */
  void copy() {
    try {
      Files.createDirectories(work);
      Path copy = work.resolve("copy.mdb");
      Files.deleteIfExists(copy);
      Applied at = store.copyTo(copy);
      MD5Hash md5 = MD5FileUtil.computeMd5ForFile(copy.toFile());
      publish(at, storage.add(copy, md5, at.term(), at.index()), md5);
    } catch (IOException | RuntimeException e) {
      LOG.error(
          "{} cannot write a snapshot, and so cannot let go of its log; it will try again: {}",
          name,
          e.toString(),
          e);
    } finally {
      copying.set(false);
    }
  }

  private void publish(Applied at, File target, MD5Hash md5) {
    SingleFileSnapshotInfo latest = storage.getLatestSnapshot();
    if (latest == null || latest.getIndex() < at.index()) {
      storage.updateLatestSnapshot(
          new SingleFileSnapshotInfo(
              new FileInfo(target.toPath(), md5), TermIndex.valueOf(at.term(), at.index())));
      finished = at.index();
      LOG.info("{} wrote a snapshot at index {}, {} KiB", name, at.index(), target.length() >> 10);
    }
  }

  /** A snapshot came from another master: copies older than it are worthless. */
  void installed(long index) {
    finished = Math.max(finished, index);
    reported = Math.max(reported, index);
  }

  static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Waits for a copy under way. */
  @Override
  public void close() {
    Thread t = copier;
    if (t != null) {
      try {
        t.join(TimeUnit.SECONDS.toMillis(60));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
