package dev.ashlar.master.raft;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.apache.ratis.io.MD5Hash;
import org.apache.ratis.statemachine.SnapshotRetentionPolicy;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.util.MD5FileUtil;

/**
 * The library's snapshot files. It cleans up on its own thread while ours adds: a checksum file
 * whose snapshot it does not see is deleted, so neither may happen in the middle of the other. A
 * snapshot without a checksum cannot be restored, and the log before it is gone.
 */
final class SnapshotStorage extends SimpleStateMachineStorage {
  /**
   * Gives a finished copy and its checksum their names, checksum first: whoever sees the snapshot
   * can check it. Durable when it returns.
   *
   * @return the snapshot
   */
  synchronized File add(Path copy, MD5Hash md5, long term, long index) throws IOException {
    File target = getSnapshotFile(term, index);
    MD5FileUtil.saveMD5File(target, md5);
    Files.move(copy, target.toPath(), StandardCopyOption.ATOMIC_MOVE);
    Snapshots.sync(target.toPath().resolveSibling("."));
    return target;
  }

  @Override
  public synchronized void cleanupOldSnapshots(SnapshotRetentionPolicy policy) throws IOException {
    super.cleanupOldSnapshots(policy);
  }
}
