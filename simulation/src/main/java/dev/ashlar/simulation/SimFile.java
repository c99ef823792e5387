package dev.ashlar.simulation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/** A file: what readers see, and how to get back from there to what is on media. */
final class SimFile {
  private static final int PAGE = 4096;

  /**
   * A change since the last sync.
   *
   * @param before what was there, as far as the file reached
   * @param after what was written; empty for a cut
   * @param sizeBefore of the file
   * @param sizeAfter of the file
   */
  private record Change(int position, byte[] before, byte[] after, int sizeBefore, int sizeAfter) {}

  private final List<Change> unsynced = new ArrayList<>();
  private final TreeSet<Integer> holes = new TreeSet<>();

  /**
   * Pages that a sync failed to write: shown as they were written, clean, not on media, until the
   * kernel needs the room.
   */
  private final TreeMap<Integer, byte[]> ghosts = new TreeMap<>();

  private byte[] data = new byte[4096];
  private int size;

  int size() {
    return size;
  }

  long allocated() {
    return Math.max(0, size - (long) holes.size() * PAGE);
  }

  int read(byte[] into, int offset, int length, long position) {
    int n = (int) Math.max(0, Math.min(length, size - position));
    if (n > 0) {
      System.arraycopy(data, (int) position, into, offset, n);
      int end = (int) position + n;
      ghosts(position, n)
          .forEach((page, ghost) -> {
            int from = Math.max(page * PAGE, (int) position);
            int to = Math.min((page + 1) * PAGE, end);
            System.arraycopy(
                ghost, from - page * PAGE, into, offset + from - (int) position, to - from);
          });
    }
    return n;
  }

  /** Those of the pages that these bytes lie on. */
  private SortedMap<Integer, byte[]> ghosts(long position, long length) {
    return ghosts.subMap((int) (position / PAGE), (int) ((position + length + PAGE - 1) / PAGE));
  }

  boolean hasGhosts() {
    return !ghosts.isEmpty();
  }

  /** What is read of these bytes from now on is on media, as far as nothing was written since. */
  void forget(long position, long length) {
    ghosts(position, length).clear();
  }

  void write(long position, byte[] bytes, int length) {
    if (!ghosts.isEmpty()) {
      revive(position, length);
    }
    int at = (int) position;
    int end = at + length;
    byte[] after = Arrays.copyOf(bytes, length);
    byte[] before = at < size ? Arrays.copyOfRange(data, at, Math.min(end, size)) : new byte[0];
    unsynced.add(new Change(at, before, after, size, Math.max(size, end)));
    put(at, after, 0, length);
    holes.subSet(at / PAGE, (end + PAGE - 1) / PAGE).clear();
  }

  /** A page that is written to is dirty, all of it. */
  private void revive(long position, int length) {
    SortedMap<Integer, byte[]> some = ghosts(position, length);
    Map<Integer, byte[]> dirty = new TreeMap<>(some);
    some.clear();
    dirty.forEach(
        (page, ghost) -> write((long) page * PAGE, ghost, Math.min(PAGE, size - page * PAGE)));
  }

  /**
   * A write that was meant for another place. The file system knows nothing of it: where it gave
   * the file no space, there is nothing that could be hit.
   */
  void stray(int position, byte[] bytes) {
    for (int from = 0; from < bytes.length; ) {
      int at = position + from;
      int to = Math.min(bytes.length, (at / PAGE + 1) * PAGE - position);
      if (!holes.contains(at / PAGE)) {
        write(at, Arrays.copyOfRange(bytes, from, to), to - from);
      }
      from = to;
    }
  }

  private void put(int at, byte[] bytes, int from, int to) {
    int end = at + to;
    if (end > data.length) {
      data = Arrays.copyOf(data, Math.max(end, data.length * 2));
    }
    System.arraycopy(bytes, from, data, at + from, to - from);
    size = Math.max(size, end);
  }

  void truncate(long to) {
    int end = (int) to;
    if (end < size) {
      ghosts.tailMap(end / PAGE, true).clear();
      unsynced.add(new Change(end, Arrays.copyOfRange(data, end, size), new byte[0], size, end));
      Arrays.fill(data, end, size, (byte) 0);
      size = end;
    }
  }

  void punch(long position, long length) {
    int n = (int) Math.max(0, Math.min(length, size - position));
    write(position, new byte[n], n);
    for (int page = (int) ((position + PAGE - 1) / PAGE);
        (page + 1L) * PAGE <= position + length;
        page++) {
      holes.add(page);
    }
  }

  void sync() {
    unsynced.clear();
  }

  private void undoAll() {
    for (Change c : unsynced.reversed()) {
      int gone = c.sizeBefore;
      holes.subSet(c.position / PAGE, (c.position + c.after.length + PAGE - 1) / PAGE).clear();
      put(c.position, c.before, 0, c.before.length);
      if (c.sizeAfter > gone) {
        Arrays.fill(data, gone, c.sizeAfter, (byte) 0);
      }
      size = gone;
    }
  }

  /**
   * A sync failed: the media have none of it, and nothing will write it any more. Readers see it
   * until it is forgotten. The size stays.
   */
  void dropCache() {
    int now = size;
    Map<Integer, byte[]> shown = new TreeMap<>();
    for (Change c : unsynced) {
      for (int page = c.position / PAGE; page * PAGE < c.position + c.after.length; page++) {
        if (page * PAGE < now && !holes.contains(page)) {
          shown.put(page, Arrays.copyOfRange(data, page * PAGE, (page + 1) * PAGE));
        }
      }
    }
    undoAll();
    unsynced.clear();
    put(now, new byte[0], 0, 0);
    ghosts.putAll(shown);
  }

  void powerCut(SimDisk disk) {
    ghosts.clear();
    if (unsynced.isEmpty()) {
      return;
    }
    undoAll();
    SimDisk.Sectors sectors = disk.sectors();
    for (Change c : unsynced) {
      if (c.sizeAfter < c.sizeBefore) {
        if (sectors.keep(c.position, c.position + 1L) && c.position < size) {
          Arrays.fill(data, c.position, size, (byte) 0);
          size = c.position;
        }
      } else {
        torn(c, sectors);
      }
    }
    unsynced.clear();
  }

  private void torn(Change c, SimDisk.Sectors sectors) {
    for (int from = 0; from < c.after.length; ) {
      int to = (int) Math.min(c.after.length, SimDisk.Sectors.end(c.position + from) - c.position);
      if (sectors.keep(c.position + from, c.position + to)) {
        put(c.position, c.after, from, to);
      }
      from = to;
    }
  }

  void flip(Random random) {
    int at = random.nextInt(size);
    data[at] ^= (byte) (1 << random.nextInt(8));
  }
}
