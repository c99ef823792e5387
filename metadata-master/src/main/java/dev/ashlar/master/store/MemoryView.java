package dev.ashlar.master.store;

import java.util.Map;
import java.util.NavigableMap;
import org.jspecify.annotations.Nullable;

/** A snapshot that nobody changes any more. */
final class MemoryView implements ReadTxn {
  private final NavigableMap<byte[], byte[]> map;
  private final Applied applied;

  MemoryView(NavigableMap<byte[], byte[]> map, Applied applied) {
    this.map = map;
    this.applied = applied;
  }

  @Override
  public byte @Nullable [] get(byte[] key) {
    return copy(map.get(key));
  }

  @Override
  public void scan(byte[] from, byte @Nullable [] toExclusive, Visitor visitor) {
    scan(map, from, toExclusive, visitor);
  }

  static void scan(
      NavigableMap<byte[], byte[]> map,
      byte[] from,
      byte @Nullable [] toExclusive,
      Visitor visitor) {
    for (Map.Entry<byte[], byte[]> e : map.tailMap(from, true).entrySet()) {
      if (toExclusive != null && java.util.Arrays.compareUnsigned(e.getKey(), toExclusive) >= 0
          || !visitor.visit(e.getKey().clone(), e.getValue().clone())) {
        return;
      }
    }
  }

  static byte @Nullable [] copy(byte @Nullable [] value) {
    return value == null ? null : value.clone();
  }

  @Override
  public Applied applied() {
    return applied;
  }

  @Override
  public void close() {}
}
