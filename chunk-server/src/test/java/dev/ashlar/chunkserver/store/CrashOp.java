package dev.ashlar.chunkserver.store;

import java.util.NavigableMap;

/**
 * One change of a recorded disk, in the order in which the store asked for it. Files are numbered,
 * since a name could stand for several files one after the other.
 */
sealed interface CrashOp {
  /** A name in the directory of segments. Lasting after {@link SyncNames}. */
  sealed interface Naming extends CrashOp {
    String name();

    int file();
  }

  /** A change of what is in a file. Lasting after {@link Sync} of this file. */
  sealed interface Filling extends CrashOp {
    int file();
  }

  /** An empty file was created. */
  record Create(String name, int file) implements Naming {}

  /** A file was removed. */
  record Delete(String name, int file) implements Naming {}

  /** Bytes were written; a punched range is written with zeros. */
  record Write(int file, long position, byte[] data) implements Filling {
    private static final int SECTOR = 512;

    /** Sectors that it touches: what the media take as a whole or not at all. */
    int sectors() {
      return data.length == 0
          ? 0
          : (int) ((position + data.length - 1) / SECTOR - position / SECTOR) + 1;
    }

    /** Where in {@link #data} the n-th sector begins; the end of the last one for n = sectors. */
    int sectorStart(int n) {
      long at = (position / SECTOR + n) * SECTOR - position;
      return Math.clamp(at, 0, data.length);
    }
  }

  /** A file was cut. */
  record Truncate(int file, long size) implements Filling {}

  /** What a file holds was synced. */
  record Sync(int file) implements CrashOp {}

  /** The directory was synced. */
  record SyncNames() implements CrashOp {}

  /** A transaction of the index: it survives the process and never the machine. */
  record Commit(NavigableMap<byte[], byte[]> index) implements CrashOp {}
}
