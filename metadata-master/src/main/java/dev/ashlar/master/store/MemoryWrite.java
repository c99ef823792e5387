package dev.ashlar.master.store;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.NavigableMap;
import org.jspecify.annotations.Nullable;

/** Changes the live map in place and undoes that if it is closed without commit. */
final class MemoryWrite implements WriteTxn {
  private record Undo(byte[] key, byte @Nullable [] before) {}

  private final MemoryStore store;
  private final NavigableMap<byte[], byte[]> live;
  private final Deque<Undo> undo = new ArrayDeque<>();
  private Applied applied;
  private boolean open = true;

  MemoryWrite(MemoryStore store, NavigableMap<byte[], byte[]> live, Applied applied) {
    this.store = store;
    this.live = live;
    this.applied = applied;
  }

  @Override
  public byte @Nullable [] get(byte[] key) {
    return MemoryView.copy(live.get(key));
  }

  @Override
  public void scan(byte[] from, byte @Nullable [] toExclusive, Visitor visitor) {
    MemoryView.scan(live, from, toExclusive, visitor);
  }

  @Override
  public Applied applied() {
    return applied;
  }

  @Override
  public void put(byte[] key, byte[] value) {
    byte[] k = key.clone();
    undo.push(new Undo(k, live.put(k, value.clone())));
  }

  @Override
  public void delete(byte[] key) {
    byte[] before = live.remove(key);
    if (before != null) {
      undo.push(new Undo(key.clone(), before));
    }
  }

  @Override
  public void setApplied(Applied position) {
    applied = position;
  }

  @Override
  public void commit() {
    undo.clear();
    store.committed(applied);
  }

  @Override
  public void close() {
    if (!open) {
      return;
    }
    open = false;
    while (!undo.isEmpty()) {
      Undo u = undo.pop();
      if (u.before == null) {
        live.remove(u.key);
      } else {
        live.put(u.key, u.before);
      }
    }
    store.ended();
  }
}
