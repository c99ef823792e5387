package dev.ashlar.chunkserver.store;

import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** An {@link OrderedStore} in memory. */
final class MemoryStore implements OrderedStore {
  /** Told of each committed state, which never changes afterwards. */
  @FunctionalInterface
  interface Watcher {
    void committed(NavigableMap<byte[], byte[]> state) throws IOException;
  }

  private volatile NavigableMap<byte[], byte[]> committed;
  private @Nullable NavigableMap<byte[], byte[]> changes;
  private Watcher watcher = _ -> {};

  MemoryStore() {
    this(null);
  }

  /** Starts with a committed state. */
  MemoryStore(@Nullable NavigableMap<byte[], byte[]> start) {
    committed = start == null ? new TreeMap<>(Arrays::compareUnsigned) : start;
  }

  void afterCommit(Watcher told) {
    watcher = told;
  }

  @Override
  public View committed() {
    return new MapView(committed);
  }

  @Override
  public View pending() {
    NavigableMap<byte[], byte[]> own = changes;
    return new MapView(own == null ? committed : own);
  }

  @Override
  public void put(byte[] key, byte[] value) {
    changes().put(key.clone(), value.clone());
  }

  @Override
  public void delete(byte[] key) {
    changes().remove(key);
  }

  @Override
  public void commit() throws IOException {
    NavigableMap<byte[], byte[]> own = changes;
    if (own != null) {
      watcher.committed(own);
      committed = own;
      changes = null;
    }
  }

  @Override
  public void rollback() {
    changes = null;
  }

  @Override
  public long bytes() {
    return 0;
  }

  @Override
  public void close() {
    rollback();
  }

  private NavigableMap<byte[], byte[]> changes() {
    NavigableMap<byte[], byte[]> own = changes;
    if (own == null) {
      own = new TreeMap<>(committed);
      changes = own;
    }
    return own;
  }

  private record MapView(NavigableMap<byte[], byte[]> map) implements View {
    @Override
    public byte @Nullable [] get(byte[] key) {
      byte[] value = map.get(key);
      return value == null ? null : value.clone();
    }

    @Override
    public void scan(byte[] from, Visitor visitor) throws IOException {
      for (Map.Entry<byte[], byte[]> e : map.tailMap(from, true).entrySet()) {
        if (!visitor.visit(e.getKey().clone(), e.getValue().clone())) {
          return;
        }
      }
    }
  }
}
