package dev.ashlar.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.ClientConfig;
import dev.ashlar.client.FileHandle;
import dev.ashlar.client.OpenMode;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.torture.Stamped;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** Two clients write the same file: one wins, the file is wholly the winner's (P2, P5). */
class TwoWritersTest {
  private static final int ROUNDS = 15;

  @Test
  void theFileIsAlwaysWhollyOneWriters() throws Exception {
    Seed seed = Seed.of(TwoWritersTest.class);
    Random random = seed.random();
    try (LocalCluster cluster = LocalCluster.start(1, 5, "rs-3-2");
        AshlarFileSystem one = connect(cluster);
        AshlarFileSystem two = connect(cluster);
        ExecutorService threads =
            Executors.newFixedThreadPool(2, Thread.ofPlatform().name("writer-", 0).factory())) {
      for (int round = 0; round < ROUNDS; round++) {
        Stamped a = Stamped.random(random, 2 * round + 1);
        Stamped b = Stamped.random(random, 2 * round + 2);
        Future<?> first = threads.submit(() -> put(one, a));
        Future<?> second = threads.submit(() -> put(two, b));
        first.get(60, TimeUnit.SECONDS);
        second.get(60, TimeUnit.SECONDS);
        Stamped seen = Stamped.read(one, one.lookup(Attr.ROOT, "same").inode());
        assertTrue(
            Set.of(a, b).contains(seen),
            () -> "neither " + a + " nor " + b + " but " + seen + ", " + seed);
      }
      onlyOneHoldsTheLease(one, two);
      appendsOfBothAreNeverMixed(one, two, threads);
      cluster.mustBeClean();
    }
  }

  private static AshlarFileSystem connect(LocalCluster cluster) throws AshlarException {
    return AshlarFileSystem.connect(ClientConfig.of(cluster.address()));
  }

  private static Void put(AshlarFileSystem files, Stamped content) throws IOException {
    content.put(files, Attr.ROOT, "same");
    return null;
  }

  private static void onlyOneHoldsTheLease(AshlarFileSystem one, AshlarFileSystem two)
      throws AshlarException {
    FileHandle held = one.create(Attr.ROOT, "leased", 0644, true, "");
    AshlarException refused =
        assertThrows(AshlarException.class, () -> two.open(held.inode(), OpenMode.APPEND));
    assertEquals(ErrorCode.LEASE_LOST, refused.code());
    one.append(held, ByteBuffer.wrap(new byte[1000]));
    one.release(held);
    FileHandle then = two.open(held.inode(), OpenMode.APPEND);
    two.append(then, ByteBuffer.wrap(new byte[500]));
    two.release(then);
    assertEquals(1500, one.getattr(held.inode()).size());
  }

  /**
   * Records of 1,000 equal bytes, appended by whoever gets the lease: every acknowledged one is
   * there, whole, once.
   */
  private static void appendsOfBothAreNeverMixed(
      AshlarFileSystem one, AshlarFileSystem two, ExecutorService threads) throws Exception {
    FileHandle made = one.create(Attr.ROOT, "log", 0644, true, "");
    one.release(made);
    long inode = made.inode();
    Future<Integer> first = threads.submit(() -> append(one, inode, 1));
    Future<Integer> second = threads.submit(() -> append(two, inode, 101));
    int appended = first.get(120, TimeUnit.SECONDS) + second.get(120, TimeUnit.SECONDS);
    ByteBuffer content = ByteBuffer.allocate((int) two.getattr(inode).size());
    FileHandle handle = two.open(inode, OpenMode.READ);
    int offset = 0;
    while (content.hasRemaining()) {
      offset += two.read(handle, offset, content);
    }
    two.release(handle);
    assertEquals(appended * 1000, content.capacity());
    Set<Byte> seen = new TreeSet<>();
    List<Byte> torn = new ArrayList<>();
    for (int r = 0; r < appended; r++) {
      byte mark = content.get(r * 1000);
      seen.add(mark);
      for (int i = 0; i < 1000; i++) {
        if (content.get(r * 1000 + i) != mark) {
          torn.add(mark);
        }
      }
    }
    assertEquals(List.of(), torn);
    assertEquals(appended, seen.size());
  }

  private static int append(AshlarFileSystem files, long inode, int firstMark)
      throws AshlarException {
    int done = 0;
    for (int mark = firstMark; done < 10; ) {
      FileHandle handle;
      try {
        handle = files.open(inode, OpenMode.APPEND);
      } catch (AshlarException e) {
        assertEquals(ErrorCode.LEASE_LOST, e.code());
        LockSupport.parkNanos(1_000_000); // the other one has it: ask again
        continue;
      }
      byte[] record = new byte[1000];
      java.util.Arrays.fill(record, (byte) mark);
      files.append(handle, ByteBuffer.wrap(record));
      files.release(handle);
      mark++;
      done++;
    }
    return done;
  }
}
