package dev.ashlar.torture.faultfs;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * What the media hold of one file where that is not what was written since its last sync. The lower
 * file always has the newest bytes; this is how to undo them. Guarded by the lock of its file.
 */
final class Unsynced {
  static final int PAGE = 4096;
  private static final int SECTOR = 512;
  private static final byte[] ZEROS = new byte[0];
  private static final long CLEAN = -1;

  /**
   * @param media the page on media, zeros from the end of the file on; ZEROS: nothing but zeros
   * @param since ns: when it was first written after the last sync
   */
  private record Before(byte[] media, long since) {}

  private final TreeMap<Long, Before> pages = new TreeMap<>();
  private long mediaSize = CLEAN;
  private long sizeSince;

  boolean isClean() {
    return mediaSize == CLEAN;
  }

  int pages() {
    return pages.size();
  }

  /** All of it is on media now. */
  void synced() {
    pages.clear();
    mediaSize = CLEAN;
  }

  /**
   * To be called before bytes of the lower file change.
   *
   * @param size of the lower file
   */
  void before(int fd, long offset, long length, long size, long now) {
    beforeResize(size, now);
    long end = offset + length;
    for (long page = offset / PAGE; page * PAGE < end; page++) {
      if (!pages.containsKey(page)) {
        pages.put(page, new Before(media(fd, page * PAGE), now));
      }
    }
  }

  /** To be called before the size changes; what is cut off has to go to {@link #before} too. */
  void beforeResize(long size, long now) {
    if (isClean()) {
      mediaSize = size;
      sizeSince = now;
    }
  }

  private byte[] media(int fd, long at) {
    int length = (int) Math.min(PAGE, mediaSize - at);
    if (length <= 0) {
      return ZEROS;
    }
    byte[] page = new byte[PAGE];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(length);
      int count = Libc.pread(fd, bytes, at);
      MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, 0, page, 0, count);
    }
    return allZero(page) ? ZEROS : page;
  }

  private static boolean allZero(byte[] page) {
    for (byte b : page) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * A failed sync: the system forgets the pages, the media keep what they had; sizes stay.
   *
   * @param size of the lower file
   */
  void drop(int fd, long size) {
    pages.forEach((page, before) -> restore(fd, page * PAGE, before.media, size));
    synced();
  }

  /**
   * Makes the lower file what a power cut leaves of it.
   *
   * @param writtenBack ns: what is older went to the media by itself
   */
  void powerCut(int fd, PowerCut how, RandomGenerator random, long writtenBack) {
    long size = Libc.stat(fd).size();
    long left = sizeSince < writtenBack ? size : sizeAfter(how, random, size);
    Libc.truncate(fd, left);
    for (Map.Entry<Long, Before> e : pages.entrySet()) {
      long at = e.getKey() * PAGE;
      boolean cutOff = at >= size; // a truncation is undone here: there is nothing newer to keep
      if (at >= left || (!cutOff && e.getValue().since < writtenBack)) {
        continue;
      }
      int fate = how == PowerCut.LOSE_ALL || cutOff ? 0 : random.nextInt(3);
      if (fate == 0) {
        restore(fd, at, e.getValue().media, left);
      } else if (fate == 1) {
        tear(fd, at, e.getValue().media, left, random);
      }
    }
    synced();
  }

  private long sizeAfter(PowerCut how, RandomGenerator random, long size) {
    int fate = how == PowerCut.LOSE_ALL || size == mediaSize ? 0 : random.nextInt(3);
    return switch (fate) {
      case 0 -> mediaSize;
      case 1 -> size;
      default -> size < mediaSize ? size : random.nextLong(mediaSize, size + 1);
    };
  }

  private static void restore(int fd, long at, byte[] media, long size) {
    write(fd, at, media, 0, (int) Math.min(PAGE, size - at));
  }

  private static void tear(int fd, long at, byte[] media, long size, RandomGenerator random) {
    for (int sector = 0; sector < PAGE; sector += SECTOR) {
      int length = (int) Math.min(SECTOR, size - at - sector);
      if (random.nextBoolean() && length > 0) {
        write(fd, at + sector, media, sector, length);
      }
    }
  }

  private static void write(int fd, long at, byte[] media, int from, int length) {
    if (length > 0) {
      byte[] page = media == ZEROS ? new byte[PAGE] : media;
      try (Arena arena = Arena.ofConfined()) {
        byte[] part = Arrays.copyOfRange(page, from, from + length);
        Libc.pwrite(fd, arena.allocateFrom(ValueLayout.JAVA_BYTE, part), at);
      }
    }
  }
}
