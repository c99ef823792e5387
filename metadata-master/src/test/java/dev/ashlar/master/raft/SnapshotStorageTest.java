package dev.ashlar.master.raft;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.SnapshotRetentionPolicy;
import org.apache.ratis.util.MD5FileUtil;
import org.apache.ratis.util.SizeInBytes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every snapshot keeps its checksum, though the library cleans up meanwhile. */
class SnapshotStorageTest {
  private static final int SNAPSHOTS = 150;

  @Test
  void cleaningUpTakesNoChecksumFromANewSnapshot(@TempDir Path dir) throws Exception {
    SnapshotStorage files = new SnapshotStorage();
    AtomicBoolean stop = new AtomicBoolean();
    SnapshotRetentionPolicy keepTwo =
        new SnapshotRetentionPolicy() {
          @Override
          public int getNumSnapshotsRetained() {
            return 2;
          }
        };
    try (RaftStorage storage =
            RaftStorage.newBuilder()
                .setDirectory(dir.resolve("raft").toFile())
                .setOption(RaftStorage.StartupOption.FORMAT)
                .setStorageFreeSpaceMin(SizeInBytes.valueOf(0))
                .build();
        ExecutorService library =
            Executors.newSingleThreadExecutor(Thread.ofPlatform().name("clean-up-", 0).factory())) {
      storage.initialize();
      files.init(storage);
      Future<?> cleaning =
          library.submit(() -> {
            while (!stop.get()) {
              files.cleanupOldSnapshots(keepTwo);
            }
            return null;
          });
      try {
        for (int i = 1; i <= SNAPSHOTS; i++) {
          Path copy = dir.resolve("copy");
          Files.write(copy, new byte[1000]);
          File snapshot = files.add(copy, MD5FileUtil.computeMd5ForFile(copy.toFile()), 1, i);
          assertTrue(new File(snapshot + ".md5").exists(), "snapshot " + i + " of " + SNAPSHOTS);
        }
      } finally {
        stop.set(true);
      }
      cleaning.get(30, TimeUnit.SECONDS);
    }
  }
}
