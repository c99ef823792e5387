package dev.ashlar.simulation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A disk that outlives its processes: files, what of them is only in the page cache, an index that
 * survives processes but not the machine, and what is wrong with it.
 */
final class SimDisk {
  private static final int SECTOR = 512;

  /** What a power cut leaves of a write that was never synced. */
  private enum Torn {
    NOTHING,
    ALL,
    HALF,
    MOST
  }

  /** What is wrong with the disk at present. */
  static final class Faults {
    boolean slow;
    boolean full;
    boolean failReads;
    boolean failWrites;
    boolean failSync;

    /** Chance of a read to answer a wrong bit. */
    double flipReads;

    int loseWrites;
    int misdirectWrites;
  }

  private final Random random;
  private final Map<String, SimFile> files = new TreeMap<>();
  private final Set<String> durable = new HashSet<>();
  private final Map<String, SimFile> deleted = new HashMap<>();
  private final Faults faults = new Faults();
  private final long disk;
  private long cluster;
  private @Nullable SimIndex index;
  private boolean trusted;
  private long capacity;

  SimDisk(long disk, long capacity, Random random) {
    this.disk = disk;
    this.capacity = capacity;
    this.random = random;
  }

  long disk() {
    return disk;
  }

  long cluster() {
    return cluster;
  }

  void cluster(long id) {
    cluster = id;
  }

  Faults faults() {
    return faults;
  }

  Random random() {
    return random;
  }

  /** The index that is there, if it may be used. */
  @Nullable SimIndex trustedIndex() {
    return trusted ? index : null;
  }

  SimIndex index() {
    SimIndex i = index;
    if (i == null) {
      i = new SimIndex();
      index = i;
    }
    return i;
  }

  void resetIndex() {
    index = null;
    trusted = true;
  }

  void distrustIndex() {
    trusted = false;
  }

  Map<String, SimFile> files() {
    return files;
  }

  long usedBytes() {
    long used = 0;
    for (SimFile f : files.values()) {
      used += f.allocated();
    }
    return used;
  }

  long capacity() {
    return capacity;
  }

  long freeBytes() {
    return faults.full ? 0 : Math.max(0, capacity - usedBytes());
  }

  SimFile create(String name) {
    SimFile file = new SimFile();
    files.put(name, file);
    return file;
  }

  void delete(String name) {
    SimFile file = files.remove(name);
    if (file != null && durable.contains(name)) {
      deleted.put(name, file);
    }
  }

  void syncNames() {
    deleted.clear();
    durable.clear();
    durable.addAll(files.keySet());
  }

  /** The process died: what it wrote is in the page cache, its index as it last committed. */
  void killed() {
    if (index != null) {
      index.rollback();
    }
  }

  /** The machine lost power. */
  void powerCut() {
    trusted = false;
    index = null;
    for (Map.Entry<String, SimFile> e : List.copyOf(files.entrySet())) {
      e.getValue().powerCut(this);
      if (!durable.contains(e.getKey()) && random.nextBoolean()) {
        files.remove(e.getKey());
      }
    }
    for (Map.Entry<String, SimFile> e : new TreeMap<>(deleted).entrySet()) {
      if (random.nextBoolean() && !files.containsKey(e.getKey())) {
        e.getValue().powerCut(this);
        files.put(e.getKey(), e.getValue());
      }
    }
    syncNames();
  }

  /** One bit of some file, media and cache alike, is wrong from now on. */
  boolean flipBit() {
    List<SimFile> some = new ArrayList<>(files.values());
    some.removeIf(f -> f.size() == 0);
    if (some.isEmpty()) {
      return false;
    }
    some.get(random.nextInt(some.size())).flip(random);
    return true;
  }

  /** Which of the 512-byte sectors of some unsynced writes reach the media. */
  Sectors sectors() {
    Torn torn = Torn.values()[random.nextInt(Torn.values().length)];
    return (from, to) ->
        switch (torn) {
          case NOTHING -> false;
          case ALL -> true;
          case HALF -> random.nextBoolean();
          case MOST -> random.nextInt(8) > 0;
        };
  }

  /** Decides for each sector. */
  interface Sectors {
    boolean keep(long from, long to);

    /** End of the sector that holds this position. */
    static long end(long position) {
      return (position / SECTOR + 1) * SECTOR;
    }
  }
}
