package dev.ashlar.master.store;

import java.util.Arrays;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A sorted map for tests and simulation. A snapshot is a copy, made when the first reader comes
 * after a commit.
 */
public final class MemoryStore implements KeyValueStore {
  private final ReentrantLock lock = new ReentrantLock();
  private NavigableMap<byte[], byte[]> live = new TreeMap<>(Arrays::compareUnsigned);
  private Applied applied = Applied.NOTHING;
  private @Nullable MemoryView snapshot;
  private boolean writing;

  @Override
  public ReadTxn read() {
    lock.lock();
    try {
      MemoryView view = snapshot;
      if (view == null) {
        view = new MemoryView(new TreeMap<>(live), applied);
        snapshot = view;
      }
      return view;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public WriteTxn write() {
    lock.lock();
    try {
      if (writing) {
        throw new StoreException("A write transaction is already open");
      }
      writing = true;
      return new MemoryWrite(this, live, applied);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Applied applied() {
    lock.lock();
    try {
      return applied;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {}

  void committed(Applied position) {
    lock.lock();
    try {
      applied = position;
      snapshot = null;
    } finally {
      lock.unlock();
    }
  }

  void ended() {
    lock.lock();
    try {
      writing = false;
    } finally {
      lock.unlock();
    }
  }
}
