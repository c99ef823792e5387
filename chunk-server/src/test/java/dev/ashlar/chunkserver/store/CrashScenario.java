package dev.ashlar.chunkserver.store;

import static dev.ashlar.chunkserver.store.CrashScript.SLICE;
import static dev.ashlar.chunkserver.store.CrashScript.key;

import dev.ashlar.protocol.BlockKey;
import java.io.IOException;
import java.util.List;

/** What is done with a disk while its changes are recorded. */
enum CrashScenario {
  /** Blocks of several writes, some sealed by one sync. */
  PUT {
    @Override
    void run(CrashScript s) {
      s.put(1, 1, 10, 3 * SLICE + 100);
      s.turn();
      s.put(2, 1, 11, SLICE);
      s.put(3, 1, 12, 700);
      s.put(4, 1, 13, 5 * SLICE);
      s.stage(5, 1, 14, SLICE);
      s.turn();
      s.rest();
      s.put(6, 1, 15, 5);
      s.put(7, 1, 15, 2 * SLICE + 1);
      s.turn();
    }
  },
  /** Next versions that share bytes with earlier ones, which then go. */
  APPEND {
    @Override
    void run(CrashScript s) {
      s.put(1, 1, 10, 2 * SLICE + 300);
      s.turn();
      s.put(1, 2, 11, 1, 2 * SLICE, 3 * SLICE + 5);
      s.turn();
      s.put(1, 3, 12, 2, 3 * SLICE, 4 * SLICE);
      s.delete(key(1, 1));
      s.turn();
      s.put(1, 4, 12, 3, 4 * SLICE, 4 * SLICE);
      s.turn();
      s.rest();
      s.delete(key(1, 3), key(1, 2));
      s.turn();
      s.rest();
      s.put(1, 5, 13, 4, SLICE, 2 * SLICE);
      s.turn();
    }
  },
  /** Deletions, alone, many at once, and together with what they delete. */
  DELETE {
    @Override
    void run(CrashScript s) {
      for (int i = 1; i <= 6; i++) {
        s.put(i, 1, 10, SLICE + i);
      }
      s.turn();
      s.delete(key(1, 1));
      s.turn();
      s.delete(key(2, 1), key(3, 1), key(77, 1));
      s.put(7, 1, 11, 900);
      s.turn();
      s.put(8, 1, 12, 2 * SLICE);
      s.delete(key(8, 1), key(7, 1));
      s.turn();
      s.rest();
      s.stage(9, 1, 13, SLICE);
      s.turn();
      s.delete(key(4, 1));
      s.turn();
    }
  },
  /** Blocks that are deleted and come back with other bytes, as a rebuild brings them. */
  AGAIN {
    @Override
    void run(CrashScript s) {
      for (int round = 0; round < 3; round++) {
        s.rebuild(1, 1, 2 * SLICE + round);
        s.put(2, 1, 0, SLICE + round);
        s.turn();
        s.delete(key(1, 1), key(2, 1));
        s.turn();
        s.rest();
      }
      s.rebuild(1, 1, SLICE);
    }
  },
  /** Rebuilt blocks beside what clients write. */
  REBUILD {
    @Override
    void run(CrashScript s) {
      s.put(1, 2, 10, SLICE);
      s.rebuild(2, 1, 4 * SLICE + 17);
      s.put(3, 1, 11, 2 * SLICE);
      s.rebuild(1, 1, 2 * SLICE);
      s.stage(4, 1, 12, SLICE);
      s.rebuild(5, 1, 10);
      s.rest();
    }
  },
  /** More than a segment holds, and blocks that cross from one into the next. */
  ROLL {
    @Override
    void run(CrashScript s) {
      for (int i = 1; i <= 6; i++) {
        s.put(i, 1, 10 + i, 3 * SLICE + 11);
        if (i % 2 == 0) {
          s.turn();
        }
      }
      s.rest();
      s.delete(key(2, 1), key(5, 1));
      s.turn();
    }
  },
  /** Segments that are mostly waste are emptied and go: rows, tombstones and fences move on. */
  COMPACT {
    @Override
    void run(CrashScript s) {
      for (int i = 1; i <= 8; i++) {
        s.put(i, 1, 20 - i, 2 * SLICE);
        s.put(i, 2, 20, 1, SLICE, SLICE + 40);
        s.turn();
      }
      s.put(100, 1, 30, 60);
      s.turn();
      s.delete(key(1, 1), key(2, 1), key(2, 2), key(3, 1), key(4, 1), key(4, 2));
      s.turn();
      s.rest();
      s.put(2, 1, 0, 333);
      s.delete(key(5, 1), key(5, 2), key(6, 1), key(6, 2), key(7, 2));
      s.turn();
      s.rest();
      s.delete(key(2, 1), key(8, 1));
      s.turn();
      s.rest();
    }
  },
  /** Restarts, clean and not, in the middle of it all. */
  RESTART {
    @Override
    void run(CrashScript s) throws IOException {
      s.put(1, 1, 10, SLICE + 3);
      s.put(2, 1, 10, 100);
      s.turn();
      s.stage(3, 1, 11, SLICE);
      s.turn();
      s.kill();
      s.put(3, 2, 12, 2 * SLICE);
      s.delete(key(1, 1));
      s.turn();
      s.close();
      s.put(1, 1, 0, 2 * SLICE + 9);
      s.turn();
      s.rest();
      s.kill();
      s.put(4, 1, 14, 3 * SLICE);
      s.turn();
      s.close();
      s.delete(key(2, 1), key(4, 1));
      s.turn();
    }
  },
  /** A disk that is full now and then. */
  FULL {
    @Override
    void run(CrashScript s) {
      for (int i = 1; i <= 9; i++) {
        s.put(i, 1, 10, 2 * SLICE + 77);
        s.put(i + 20, 1, 10, 90);
        s.turn();
        s.rest();
      }
      s.delete(key(1, 1), key(2, 1), key(3, 1));
      s.turn();
      s.rest();
      s.put(30, 1, 11, SLICE);
      s.turn();
    }
  },
  /** A bit of everything, from a seed. */
  MIXED {
    @Override
    void run(CrashScript s) throws IOException {
      for (int i = 0; i < 90; i++) {
        List<BlockKey> there = s.model.present();
        BlockKey some = there.isEmpty() ? key(1, 1) : there.get(s.random.nextInt(there.size()));
        long fresh = 1000L + i;
        switch (s.random.nextInt(12)) {
          case 0, 1 -> s.put(s.random.nextInt(5), fresh, 0, 1 + s.random.nextInt(3 * SLICE));
          case 2 -> s.rebuild(fresh, 1, 1 + s.random.nextInt(2 * SLICE));
          case 3 -> again(s);
          case 4 -> append(s, some, fresh);
          case 5, 6, 7 -> s.delete(some);
          case 8, 9 -> s.turn();
          case 10 -> s.rest();
          default -> {
            s.turn();
            if (s.random.nextBoolean()) {
              s.close();
            } else {
              s.kill();
            }
          }
        }
      }
      s.turn();
    }

    private void again(CrashScript s) {
      List<BlockKey> gone = s.model.absent();
      if (!gone.isEmpty()) {
        BlockKey key = gone.get(s.random.nextInt(gone.size()));
        s.rebuild(key.chunk(), key.version(), 1 + s.random.nextInt(SLICE));
      }
    }

    private void append(CrashScript s, BlockKey base, long version) {
      CrashModel.Content from = s.model.latest(base);
      if (from != null) {
        int keep = s.random.nextInt(from.bytes().length / SLICE + 1) * SLICE;
        s.put(
            base.chunk(),
            version,
            0,
            keep == 0 ? 0 : base.version(),
            keep,
            keep + 1 + s.random.nextInt(SLICE));
      }
    }
  };

  abstract void run(CrashScript s) throws IOException;

  /** Bytes that the disk has. */
  long capacity() {
    return this == FULL ? 260_000 : Long.MAX_VALUE >> 1;
  }
}
