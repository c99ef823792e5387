package dev.ashlar.simulation;

import dev.ashlar.chunkserver.store.OrderedStore;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The index of a disk. What was committed survives the process. */
final class SimIndex implements OrderedStore {
  private static final byte[] GONE = new byte[0];

  private final NavigableMap<byte[], byte[]> committed = new TreeMap<>(Arrays::compareUnsigned);

  /** What is to change; {@link #GONE} itself stands for a deletion. */
  private final NavigableMap<byte[], byte[]> changes = new TreeMap<>(Arrays::compareUnsigned);

  @Override
  public View committed() {
    return new MapView(committed);
  }

  @Override
  public View pending() {
    if (changes.isEmpty()) {
      return committed();
    }
    return new View() {
      @Override
      public byte @Nullable [] get(byte[] key) {
        byte[] own = changes.get(key);
        byte[] value = own == null ? committed.get(key) : own;
        return value == null || value == GONE ? null : value.clone();
      }

      @Override
      public void scan(byte[] from, Visitor visitor) throws IOException {
        NavigableMap<byte[], byte[]> merged = new TreeMap<>(committed.tailMap(from, true));
        changes
            .tailMap(from, true)
            .forEach((k, v) -> {
              if (v == GONE) {
                merged.remove(k);
              } else {
                merged.put(k, v);
              }
            });
        new MapView(merged).scan(from, visitor);
      }
    };
  }

  @Override
  public void put(byte[] key, byte[] value) {
    changes.put(key.clone(), value.clone());
  }

  @Override
  public void delete(byte[] key) {
    changes.put(key.clone(), GONE);
  }

  @Override
  public void commit() {
    changes.forEach((k, v) -> {
      if (v == GONE) {
        committed.remove(k);
      } else {
        committed.put(k, v);
      }
    });
    changes.clear();
  }

  @Override
  public void rollback() {
    changes.clear();
  }

  @Override
  public long bytes() {
    return 0;
  }

  @Override
  public void close() {
    rollback();
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
