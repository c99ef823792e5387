package dev.ashlar.simulation;

import dev.ashlar.chunkserver.store.DiskIo;
import dev.ashlar.chunkserver.store.NoSpaceException;
import dev.ashlar.chunkserver.store.PositionedChannel;
import dev.ashlar.chunkserver.store.SegmentFile;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A simulated disk's files as one process uses them: everything takes time, may fail, and may be
 * the last thing the process does.
 */
final class SimIo implements DiskIo {
  private static final long WRITE_NS = 30_000;
  private static final long READ_NS = 80_000;
  private static final long SYNC_NS = 800_000;
  private static final int SLOW = 1_000;

  /** Reads of a file until the kernel forgets pages of it that it could not write. */
  private static final int EVICTED_ONE_IN = 200;

  private final SimDisk disk;
  private final SimWorld world;
  private final Runnable beforeEach;
  private boolean syncFailed;

  /**
   * @param beforeEach run before each I/O; may kill the process
   */
  SimIo(SimDisk disk, SimWorld world, Runnable beforeEach) {
    this.disk = disk;
    this.world = world;
    this.beforeEach = beforeEach;
  }

  /**
   * Whether a sync was refused: what was written before may be lost, and nothing can be trusted.
   */
  boolean syncFailed() {
    return syncFailed;
  }

  /** Fails if the process is dead: what it does then has no effect. */
  void require() {
    if (world.life().dead()) {
      throw new Halt();
    }
  }

  private void spend(long ns) {
    require();
    Fiber me = world.scheduler().current();
    if (me != null) {
      long took = ns / 2 + (long) (disk.random().nextDouble() * ns);
      try {
        world.sleep(disk.faults().slow ? took * SLOW : took);
      } catch (InterruptedException e) {
        me.interrupt();
      }
    }
    require();
    beforeEach.run();
    world.scheduler().trace().note(disk.disk() ^ ns);
  }

  private SimFile file(String name) throws FileNotFoundException {
    SimFile file = disk.files().get(name);
    if (file == null) {
      throw new FileNotFoundException(name);
    }
    return file;
  }

  @Override
  public List<String> list() {
    require();
    return List.copyOf(disk.files().keySet());
  }

  @Override
  public SegmentFile create(String name) throws IOException {
    spend(WRITE_NS);
    if (disk.files().containsKey(name)) {
      throw new IOException(name + " exists");
    }
    failWrites();
    if (disk.freeBytes() < 4096) {
      throw full();
    }
    return new Segment(name, disk.create(name));
  }

  @Override
  public SegmentFile open(String name) throws IOException {
    require();
    return new Segment(name, file(name));
  }

  @Override
  public void delete(String name) throws IOException {
    spend(WRITE_NS);
    failWrites();
    var _ = file(name);
    disk.delete(name);
  }

  @Override
  public void syncDirectory() throws IOException {
    spend(SYNC_NS);
    failWrites();
    disk.syncNames();
  }

  private void failWrites() throws IOException {
    if (disk.faults().failWrites) {
      throw new IOException("Input/output error");
    }
  }

  private static NoSpaceException full() {
    return new NoSpaceException("full", new IOException("No space left on device"));
  }

  @Override
  public long totalBytes() {
    return disk.capacity();
  }

  @Override
  public long usableBytes() {
    return disk.freeBytes();
  }

  @Override
  public void close() {}

  private final class Segment implements SegmentFile {
    private final String name;
    private final SimFile file;
    private final FileChannel channel = new SimChannel(this);

    Segment(String name, SimFile file) {
      this.name = name;
      this.file = file;
    }

    @Override
    public long size() {
      return file.size();
    }

    @Override
    public long allocated() {
      return file.allocated();
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
      long room = disk.freeBytes();
      try {
        spend(WRITE_NS);
      } catch (Halt e) {
        file.write(position, data, disk.random().nextInt(bytes + 1));
        throw e;
      }
      failWrites();
      if (room < bytes) {
        file.write(position, data, (int) room);
        throw full();
      }
      put(position, data);
    }

    private void put(long position, byte[] data) {
      SimDisk.Faults f = disk.faults();
      if (f.loseWrites > 0) {
        f.loseWrites--;
        // The drive says that it wrote, and never does.
        file.write(position, new byte[data.length], data.length);
      } else if (f.misdirectWrites > 0) {
        f.misdirectWrites--;
        Random r = disk.random();
        List<SimFile> all = new ArrayList<>(disk.files().values());
        SimFile other = all.get(r.nextInt(all.size()));
        file.write(position, new byte[data.length], data.length);
        if (other.size() > data.length) {
          other.stray(r.nextInt(other.size() - data.length), data);
        }
      } else {
        file.write(position, data, data.length);
      }
    }

    @Override
    public int read(ByteBuffer into, long position) throws IOException {
      spend(READ_NS);
      return fetch(into, position);
    }

    int fetch(ByteBuffer into, long position) throws IOException {
      if (file.hasGhosts() && disk.random().nextInt(EVICTED_ONE_IN) == 0) {
        file.forget(0, file.size());
      }
      if (disk.faults().failReads) {
        throw new IOException("Input/output error");
      }
      int n = into.remaining();
      if (into.hasArray()) {
        int start = into.arrayOffset() + into.position();
        int read = file.read(into.array(), start, n, position);
        flip(into.array(), start, read);
        into.position(into.position() + read);
        return read;
      }
      byte[] copy = new byte[(int) Math.max(0, Math.min(n, file.size() - position))];
      int read = file.read(copy, 0, copy.length, position);
      flip(copy, 0, read);
      into.put(copy, 0, read);
      return read;
    }

    private void flip(byte[] bytes, int from, int length) {
      double chance = disk.faults().flipReads;
      if (chance > 0 && length > 0 && disk.random().nextDouble() < chance) {
        int at = from + disk.random().nextInt(length);
        bytes[at] ^= (byte) (1 << disk.random().nextInt(8));
      }
    }

    @Override
    public void sync() throws IOException {
      spend(SYNC_NS);
      if (disk.faults().failSync) {
        file.dropCache();
        syncFailed = true;
        throw new IOException("Input/output error");
      }
      failWrites();
      file.sync();
    }

    @Override
    public void truncate(long size) throws IOException {
      spend(WRITE_NS);
      failWrites();
      file.truncate(size);
    }

    @Override
    public boolean punch(long position, long length) throws IOException {
      spend(WRITE_NS);
      failWrites();
      file.punch(position, length);
      return true;
    }

    @Override
    public void forget(long position, long length) {
      file.forget(position, length);
    }

    @Override
    public void endWriting() {}

    @Override
    public FileChannel channel() {
      require();
      return channel;
    }

    @Override
    public void close() {}

    @Override
    public String toString() {
      return name;
    }
  }

  /** Reads of a segment that is sent to a reader. */
  private static final class SimChannel extends PositionedChannel {
    private final Segment segment;

    SimChannel(Segment segment) {
      this.segment = segment;
    }

    @Override
    public long size() {
      return segment.size();
    }

    @Override
    public int read(ByteBuffer into, long position) throws IOException {
      return segment.fetch(into, position);
    }
  }
}
