package dev.ashlar.chunkserver.store;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/**
 * A directory in memory that knows what is on media and what is only in the page cache. It can stop
 * at the n-th change with an error, and say what a power cut or a kill at that point leaves: of
 * unsynced changes a power cut leaves any subset of 512-byte sectors, a kill leaves all.
 */
final class SimDisk implements DiskIo {
  private static final int SECTOR = 512;
  private static final int PAGE = 4096;

  /** A change of a file since its last sync: bytes, or a new size if that is not negative. */
  private record Change(long position, byte[] data, long truncateTo) {}

  final class File implements SegmentFile {
    byte[] current;
    byte[] media;
    private final List<Change> unsynced = new ArrayList<>();
    final Set<Long> holes = new HashSet<>();

    File(byte[] content) {
      current = content;
      media = content;
    }

    @Override
    public long size() {
      return current.length;
    }

    @Override
    public long allocated() {
      return Math.max(0, current.length - (long) holes.size() * PAGE);
    }

    @Override
    public void write(long position, ByteBuffer... parts) throws IOException {
      int bytes = 0;
      for (ByteBuffer part : parts) {
        bytes += part.remaining();
      }
      byte[] data = new byte[bytes];
      int at = 0;
      for (ByteBuffer part : parts) {
        int n = part.remaining();
        part.get(data, at, n);
        at += n;
      }
      boolean stop = !alive();
      long room = free();
      if (room < bytes) {
        apply(new Change(position, Arrays.copyOf(data, (int) Math.max(0, room)), -1));
        throw new NoSpaceException("simulated: full", new IOException("full"));
      }
      if (stop) {
        apply(new Change(position, Arrays.copyOf(data, random.nextInt(bytes + 1)), -1));
        throw stopped();
      }
      apply(new Change(position, data, -1));
    }

    private void apply(Change c) {
      current =
          c.truncateTo >= 0
              ? Arrays.copyOf(current, (int) c.truncateTo)
              : with(current, c.position, c.data, 0, c.data.length);
      unsynced.add(c);
    }

    @Override
    public int read(ByteBuffer into, long position) throws IOException {
      if (unreadable) {
        throw new IOException("simulated: medium error");
      }
      int n = (int) Math.max(0, Math.min(into.remaining(), current.length - position));
      into.put(current, (int) Math.min(position, current.length), n);
      return n;
    }

    @Override
    public void sync() throws IOException {
      if (!alive()) {
        throw stopped();
      }
      media = current.clone();
      unsynced.clear();
    }

    @Override
    public void truncate(long size) throws IOException {
      if (!alive()) {
        throw stopped();
      }
      if (size < current.length) {
        apply(new Change(0, new byte[0], size));
      }
    }

    @Override
    public boolean punch(long position, long length) throws IOException {
      if (!alive()) {
        throw stopped();
      }
      if (!punching) {
        return false;
      }
      byte[] zeros = new byte[(int) Math.max(0, Math.min(length, current.length - position))];
      apply(new Change(position, zeros, -1));
      for (long page = (position + PAGE - 1) / PAGE;
          (page + 1) * PAGE <= position + length;
          page++) {
        holes.add(page);
      }
      return true;
    }

    @Override
    public void forget(long position, long length) {}

    @Override
    public void endWriting() {}

    @Override
    public FileChannel channel() throws IOException {
      throw new IOException("A simulated file has no channel");
    }

    @Override
    public void close() {}

    /** What a power cut leaves. */
    byte[] afterPowerCut(Random r) {
      byte[] left = media;
      int mode = r.nextInt(4);
      for (Change c : unsynced) {
        if (c.truncateTo >= 0) {
          left =
              mode == 0 || mode == 2 && r.nextBoolean()
                  ? left
                  : Arrays.copyOf(left, (int) Math.min(left.length, c.truncateTo));
          continue;
        }
        for (int from = 0; from < c.data.length; ) {
          int to =
              (int)
                  Math.min(c.data.length, ((c.position + from) / SECTOR + 1) * SECTOR - c.position);
          if (mode == 1 || mode >= 2 && r.nextInt(mode == 2 ? 2 : 8) > 0) {
            left = with(left, c.position, c.data, from, to);
          }
          from = to;
        }
      }
      return left;
    }
  }

  private static byte[] with(byte[] file, long position, byte[] data, int from, int to) {
    byte[] out = Arrays.copyOf(file, (int) Math.max(file.length, position + to));
    System.arraycopy(data, from, out, (int) position + from, to - from);
    return out;
  }

  private final Map<String, File> files = new TreeMap<>();
  private final Set<String> durableNames = new HashSet<>();
  private final Map<String, File> deleted = new HashMap<>();
  private final Random random;
  long capacity = Long.MAX_VALUE;
  boolean punching = true;
  boolean unreadable;
  int changes;
  int stopAt = Integer.MAX_VALUE;

  SimDisk(Random random) {
    this.random = random;
  }

  private boolean alive() {
    changes++;
    return changes < stopAt;
  }

  private IOException stopped() {
    return new IOException("simulated: stopped at change " + changes);
  }

  private long free() {
    long used = 0;
    for (File f : files.values()) {
      used += f.allocated();
    }
    return capacity - used;
  }

  /** The disk as the next start finds it after the machine lost power. */
  SimDisk afterPowerCut() {
    SimDisk next = new SimDisk(random);
    for (Map.Entry<String, File> e : files.entrySet()) {
      if (durableNames.contains(e.getKey()) || random.nextBoolean()) {
        next.add(e.getKey(), e.getValue().afterPowerCut(random));
      }
    }
    for (Map.Entry<String, File> e : deleted.entrySet()) {
      if (random.nextBoolean()) {
        next.add(e.getKey(), e.getValue().afterPowerCut(random));
      }
    }
    return next;
  }

  /** The disk as the next start finds it after the process was killed. */
  SimDisk afterKill() {
    SimDisk next = new SimDisk(random);
    files.forEach((name, file) -> next.add(name, file.current));
    return next;
  }

  private void add(String name, byte[] content) {
    files.put(name, new File(content));
    durableNames.add(name);
  }

  /** Changes bytes behind the store's back. */
  void set(String name, byte[] content) {
    files.put(name, new File(content));
  }

  byte[] content(String name) {
    File file = files.get(name);
    return file == null ? new byte[0] : file.current.clone();
  }

  void remove(String name) {
    files.remove(name);
  }

  @Override
  public List<String> list() {
    return List.copyOf(files.keySet());
  }

  @Override
  public SegmentFile create(String name) throws IOException {
    if (!alive()) {
      throw stopped();
    }
    File file = new File(new byte[0]);
    if (files.putIfAbsent(name, file) != null) {
      throw new IOException(name + " exists");
    }
    return file;
  }

  @Override
  public SegmentFile open(String name) throws IOException {
    File file = files.get(name);
    if (file == null) {
      throw new FileNotFoundException(name);
    }
    return file;
  }

  @Override
  public void delete(String name) throws IOException {
    if (!alive()) {
      throw stopped();
    }
    File file = files.remove(name);
    if (file == null) {
      throw new FileNotFoundException(name);
    }
    if (durableNames.contains(name)) {
      deleted.put(name, file);
    }
  }

  @Override
  public void syncDirectory() throws IOException {
    if (!alive()) {
      throw stopped();
    }
    deleted.clear();
    durableNames.clear();
    durableNames.addAll(files.keySet());
  }

  @Override
  public long totalBytes() {
    return Long.MAX_VALUE >> 1;
  }

  @Override
  public long usableBytes() {
    return capacity == Long.MAX_VALUE ? Long.MAX_VALUE >> 1 : Math.max(0, free());
  }

  @Override
  public void close() {}
}
