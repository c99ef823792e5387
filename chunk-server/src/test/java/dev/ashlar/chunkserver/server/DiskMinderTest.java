package dev.ashlar.chunkserver.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.chunkserver.server.ChunkServerConfig.DiskDir;
import dev.ashlar.chunkserver.server.ChunkServerConfig.Timing;
import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.chunkserver.store.DiskOptions;
import dev.ashlar.chunkserver.store.DiskStore;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.RealWorld;
import dev.ashlar.protocol.message.MasterRequest.DiskState;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The watch over one disk. */
class DiskMinderTest {
  private static final Timing TIMING =
      new Timing(
          Duration.ofSeconds(1),
          Duration.ofMillis(10),
          Duration.ofMinutes(2),
          Duration.ofDays(14),
          Timing.DEFAULT.scrubBytesPerSecond());

  @TempDir Path dir;

  /** A store that answers some calls like this. */
  private static BlockStore with(BlockStore store, Map<String, Supplier<Object>> answers) {
    return (BlockStore)
        Proxy.newProxyInstance(
            DiskMinderTest.class.getClassLoader(),
            new Class<?>[] {BlockStore.class},
            (_, method, arguments) -> {
              Supplier<Object> answer = answers.get(method.getName());
              return answer == null ? method.invoke(store, arguments) : answer.get();
            });
  }

  private DiskMinder minder(ServedDisk disk) {
    return new DiskMinder("test", disk, TIMING, new Outbox(() -> {}), () -> {}, RealWorld.INSTANCE);
  }

  private ServedDisk served(BlockStore store) {
    return new ServedDisk(new DiskDir(dir.resolve("d"), 0), store, new DiskLane(1 << 20));
  }

  private DiskStore open() throws Exception {
    return DiskStore.open(dir.resolve("d"), DiskOptions.DEFAULTS);
  }

  @Test
  void aLookThatMeetsABugOrNoMemoryIsNotTheLast() throws Exception {
    CountDownLatch looks = new CountDownLatch(3);
    try (DiskStore store = open()) {
      Supplier<Object> check =
          () -> {
            looks.countDown();
            if (looks.getCount() == 2) {
              throw new IllegalStateException("a bug");
            }
            throw new OutOfMemoryError("simulated");
          };
      DiskMinder minder = minder(served(with(store, Map.of("check", check))));
      minder.start();
      assertTrue(looks.await(30, TimeUnit.SECONDS), "The disk is not looked at any more");
      assertTrue(minder.stop());
    }
  }

  @Test
  void aDiskWhoseOwnThreadDoesNotComeBackHangs() throws Exception {
    AtomicLong busy = new AtomicLong();
    DiskDir path = new DiskDir(dir.resolve("d"), 0);
    Disks.Opener opener = d -> with(store(d), Map.of("busyNs", busy::get));
    try (Disks disks = Disks.open("test", List.of(path), opener, RealWorld.INSTANCE)) {
      ServedDisk disk = disks.all().getFirst();
      DiskMinder minder = minder(disk);
      busy.set(TIMING.diskHang().toNanos());
      minder.watch();
      assertEquals(DiskState.UP, disk.report().state());
      assertSame(disk, disks.inService(disk.id()));
      busy.set(TIMING.diskHang().toNanos() + 1);
      minder.watch();
      assertEquals(DiskState.FAILED, disk.report().state());
      AshlarException e = assertThrows(AshlarException.class, () -> disks.inService(disk.id()));
      assertEquals(ErrorCode.DISK_FAILED, e.code());
      busy.set(0);
      minder.watch();
      assertEquals(DiskState.UP, disk.report().state());
      assertSame(disk, disks.inService(disk.id()));
    }
  }

  private static BlockStore store(DiskDir d) throws IOException {
    return DiskStore.open(d.path(), DiskOptions.DEFAULTS);
  }
}
