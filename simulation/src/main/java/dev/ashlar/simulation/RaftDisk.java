package dev.ashlar.simulation;

import dev.ashlar.master.store.MemoryStore;
import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.master.store.WriteTxn;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** What a master keeps over its lives: term and vote, the log, the store. */
final class RaftDisk {
  /** Applied entries between two copies of the store that survive a power cut. */
  private static final long CHECKPOINT_EVERY = 300;

  /** An entry of the log. */
  record Entry(long term, long timeNs, List<byte[]> commands) {}

  private final List<Entry> log = new ArrayList<>();
  private MemoryStore store = new MemoryStore();
  private MemoryStore checkpoint = new MemoryStore();
  private long synced;
  long term;
  String votedFor = "";

  MemoryStore store() {
    return store;
  }

  /** Of the last entry, 0 if there is none. */
  long last() {
    return log.size();
  }

  long synced() {
    return synced;
  }

  void synced(long index) {
    synced = Math.max(synced, Math.min(index, last()));
  }

  Entry entry(long index) {
    return log.get((int) index - 1);
  }

  long termAt(long index) {
    return index == 0 ? 0 : entry(index).term();
  }

  void append(Entry e) {
    log.add(e);
  }

  /** Forgets entries from this one on. */
  void cut(long from) {
    log.subList((int) from - 1, log.size()).clear();
    synced = Math.min(synced, last());
  }

  /** Called after an entry was applied. */
  void applied(long index) {
    if (index - Math.max(0, checkpoint.applied().index()) >= CHECKPOINT_EVERY) {
      checkpoint = copy(store);
    }
  }

  /** The process died. With the power off, what was not synced may be lost. */
  void crashed(boolean power, Random random) {
    if (power) {
      while (last() > synced && random.nextInt(3) > 0) {
        log.removeLast();
      }
      store = copy(checkpoint);
    }
    synced = last();
  }

  private static MemoryStore copy(MemoryStore from) {
    MemoryStore to = new MemoryStore();
    try (ReadTxn read = from.read();
        WriteTxn write = to.write()) {
      read.scan(
          new byte[0],
          null,
          (key, value) -> {
            write.put(key, value);
            return true;
          });
      write.setApplied(read.applied());
      write.commit();
    }
    return to;
  }
}
