package dev.ashlar.master.state;

import dev.ashlar.master.store.KeyValueStore;
import dev.ashlar.master.store.LmdbStore;
import dev.ashlar.master.store.MemoryStore;
import java.nio.file.Path;

/** What a test runs on. */
enum StoreKind {
  MEMORY,
  LMDB;

  KeyValueStore open(Path dir) {
    return switch (this) {
      case MEMORY -> new MemoryStore();
      case LMDB -> new LmdbStore(dir.resolve("live"), 256L << 20);
    };
  }
}
