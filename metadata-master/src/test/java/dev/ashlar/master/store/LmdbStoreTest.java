package dev.ashlar.master.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The store on real files. */
final class LmdbStoreTest {
  private static final long MAP = 64L << 20;

  @TempDir Path dir;

  private LmdbStore open() {
    return new LmdbStore(dir.resolve("live"), MAP);
  }

  private static void put(KeyValueStore store, String key, String value, long index) {
    try (WriteTxn txn = store.write()) {
      txn.put(key.getBytes(UTF_8), value.getBytes(UTF_8));
      txn.setApplied(new Applied(3, index));
      txn.commit();
    }
  }

  private static @Nullable String get(KeyValueStore store, String key) {
    try (ReadTxn txn = store.read()) {
      byte[] v = txn.get(key.getBytes(UTF_8));
      return v == null ? null : new String(v, UTF_8);
    }
  }

  private static void behaves(KeyValueStore store) {
    assertEquals(Applied.NOTHING, store.applied());
    put(store, "b", "2", 1);
    put(store, "a", "", 2);
    try (WriteTxn txn = store.write()) {
      txn.put(new byte[] {(byte) 0xff}, new byte[100_000]);
      txn.delete("a".getBytes(UTF_8));
      txn.delete("none".getBytes(UTF_8));
      txn.setApplied(new Applied(3, 3));
      assertNull(txn.get("a".getBytes(UTF_8)));
      assertEquals(new Applied(3, 3), txn.applied());
    }
    assertEquals(new Applied(3, 2), store.applied(), "closed without commit");
    assertEquals("", get(store, "a"));
    try (ReadTxn before = store.read()) {
      put(store, "b", "3", 3);
      assertArrayEquals("2".getBytes(UTF_8), before.get("b".getBytes(UTF_8)));
      assertEquals(new Applied(3, 2), before.applied());
    }
    put(store, "c", "4", 4);
    try (ReadTxn txn = store.read()) {
      List<String> seen = new ArrayList<>();
      txn.scan(
          "a".getBytes(UTF_8),
          "c".getBytes(UTF_8),
          (k, v) -> seen.add(new String(k, UTF_8) + new String(v, UTF_8)));
      assertEquals(List.of("a", "b3"), seen);
      seen.clear();
      txn.scan("b".getBytes(UTF_8), null, (k, v) -> !seen.add(new String(k, UTF_8)));
      assertEquals(List.of("b"), seen);
      assertEquals(new Applied(3, 4), txn.applied());
    }
  }

  @Test
  void bothStoresBehaveTheSame() {
    behaves(new MemoryStore());
    try (LmdbStore store = open()) {
      behaves(store);
    }
  }

  @Test
  void whatWasCommittedIsThereAfterReopening() throws IOException {
    try (LmdbStore store = open()) {
      put(store, "k", "v", 9);
      assertTrue(LmdbStore.trusted(dir.resolve("live")));
    }
    try (LmdbStore store = open()) {
      assertEquals("v", get(store, "k"));
      assertEquals(new Applied(3, 9), store.applied());
    }
    Files.writeString(dir.resolve("live").resolve("boot"), "another boot");
    assertFalse(LmdbStore.trusted(dir.resolve("live")));
    assertFalse(LmdbStore.trusted(dir.resolve("none")));
  }

  /** The files of a store that is open are what a killed process leaves behind. */
  @Test
  void aKilledProcessLosesNothingCommitted() throws IOException {
    try (LmdbStore store = open()) {
      for (int i = 0; i < 500; i++) {
        put(store, "k" + i, "v" + i, i);
      }
      try (WriteTxn unfinished = store.write()) {
        unfinished.put("k0".getBytes(UTF_8), "no".getBytes(UTF_8));
        Files.createDirectories(dir.resolve("killed"));
        Files.copy(
            dir.resolve("live").resolve("data.mdb"), dir.resolve("killed").resolve("data.mdb"));
      }
    }
    try (LmdbStore store = new LmdbStore(dir.resolve("killed"), MAP)) {
      assertEquals(new Applied(3, 499), store.applied());
      for (int i = 0; i < 500; i++) {
        assertEquals("v" + i, get(store, "k" + i));
      }
    }
  }

  @Test
  void snapshotsAreCopiedAndRestored() {
    Path snapshot = dir.resolve("snapshot");
    try (LmdbStore store = open()) {
      put(store, "k", "old", 1);
      assertEquals(new Applied(3, 1), store.copyTo(snapshot));
      put(store, "k", "new", 2);
      put(store, "l", "new", 3);
      store.restore(snapshot);
      assertEquals("old", get(store, "k"));
      assertNull(get(store, "l"));
      assertEquals(new Applied(3, 1), store.applied());
      put(store, "k", "again", 2);
      store.wipe();
      assertNull(get(store, "k"));
      assertEquals(Applied.NOTHING, store.applied());
    }
  }

  @Test
  void aFlippedBitIsNoticed() throws IOException {
    try (LmdbStore store = open()) {
      put(store, "key", "a value to be damaged", 1);
    }
    Path file = dir.resolve("live").resolve("data.mdb");
    byte[] bytes = Files.readAllBytes(file);
    byte[] needle = "a value to be damaged".getBytes(UTF_8);
    for (int i = 0; i + needle.length <= bytes.length; i++) {
      if (java.util.Arrays.equals(bytes, i, i + needle.length, needle, 0, needle.length)) {
        bytes[i + 3] ^= 1;
      }
    }
    Files.write(file, bytes);
    try (LmdbStore store = open()) {
      StoreException e = assertThrows(StoreException.class, () -> get(store, "key"));
      assertTrue(
          String.valueOf(e.getMessage()).contains("does not match its checksum"), e::toString);
      try (ReadTxn txn = store.read()) {
        assertThrows(StoreException.class, () -> txn.scan(new byte[] {0}, null, (k, v) -> true));
      }
    }
  }

  @Test
  void aFullStoreFailsLoudly() {
    try (LmdbStore store = new LmdbStore(dir.resolve("small"), 1 << 20)) {
      assertThrows(
          StoreException.class,
          () -> {
            for (int i = 0; i < 1000; i++) {
              put(store, "k" + i, "x".repeat(10_000), i);
            }
          });
      assertEquals("x".repeat(10_000), get(store, "k0"));
    }
  }

  @Test
  void keysHaveALimit() {
    try (LmdbStore store = open();
        ReadTxn txn = store.read()) {
      assertThrows(IllegalArgumentException.class, () -> txn.get(new byte[512]));
      assertThrows(IllegalArgumentException.class, () -> txn.get(new byte[0]));
      assertNull(txn.get(new byte[511]));
    }
  }

  @Test
  void closingWaitsForReaders() throws InterruptedException {
    LmdbStore store = open();
    put(store, "k", "v", 1);
    CountDownLatch closing = new CountDownLatch(1);
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    Thread closer =
        Thread.ofPlatform()
            .name("closer")
            .start(() -> {
              closing.countDown();
              try {
                store.close();
              } catch (RuntimeException e) {
                failure.set(e);
              }
            });
    try (ReadTxn txn = store.read()) {
      assertTrue(closing.await(10, TimeUnit.SECONDS));
      assertThrows(IllegalStateException.class, store::close);
      assertArrayEquals("v".getBytes(UTF_8), txn.get("k".getBytes(UTF_8)));
    } catch (StoreException closedFirst) {
      assertTrue(String.valueOf(closedFirst.getMessage()).contains("is closed"));
    }
    closer.join(10_000);
    assertFalse(closer.isAlive());
    assertNull(failure.get());
    assertThrows(StoreException.class, () -> get(store, "k"));
    store.close();
  }
}
