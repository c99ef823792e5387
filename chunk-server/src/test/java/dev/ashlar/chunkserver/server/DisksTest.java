package dev.ashlar.chunkserver.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ashlar.chunkserver.server.ChunkServerConfig.DiskDir;
import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.chunkserver.store.DiskOptions;
import dev.ashlar.chunkserver.store.DiskStore;
import dev.ashlar.protocol.RealWorld;
import dev.ashlar.protocol.message.MasterRequest.DiskState;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The disks of a server as they are opened. */
class DisksTest {
  @Test
  @Timeout(60)
  void aDiskThatHangsWhenItIsOpenedDoesNotKeepTheOthersFromBeingServed(@TempDir Path dir)
      throws IOException {
    DiskDir good = new DiskDir(dir.resolve("good"), 0);
    DiskDir hangs = new DiskDir(dir.resolve("hangs"), 0);
    CountDownLatch hung = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    Disks.Opener opener =
        d -> {
          if (d.equals(hangs)) {
            await(hung);
            return telling(store(d), closed);
          }
          return store(d);
        };
    try (Disks disks =
        Disks.open("s", List.of(hangs, good), opener, Duration.ofSeconds(3), RealWorld.INSTANCE)) {
      assertEquals(1, disks.all().size());
      assertEquals(good.path(), disks.all().getFirst().path());
      assertEquals(
          List.of(DiskState.FAILED, DiskState.UP),
          disks.everything().stream().map(r -> r.state()).sorted().toList().reversed());
    } finally {
      hung.countDown();
      await(closed);
    }
  }

  /** A store that tells when it has been closed. */
  private static BlockStore telling(BlockStore store, CountDownLatch closed) {
    return (BlockStore)
        Proxy.newProxyInstance(
            DisksTest.class.getClassLoader(),
            new Class<?>[] {BlockStore.class},
            (_, method, arguments) -> {
              Object result = method.invoke(store, arguments);
              if (method.getName().equals("close")) {
                closed.countDown();
              }
              return result;
            });
  }

  private static BlockStore store(DiskDir d) throws IOException {
    return DiskStore.open(d.path(), DiskOptions.DEFAULTS);
  }

  private static void await(CountDownLatch latch) throws IOException {
    try {
      if (!latch.await(50, TimeUnit.SECONDS)) {
        throw new IOException("Nobody ended the test");
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }
}
