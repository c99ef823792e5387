package dev.ashlar.torture.faultfs;

import dev.ashlar.torture.faultfs.Fault.Action;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.ThreadLocalRandom;

/** Reads and changes bytes of files, keeping what the media hold until they are synced. */
final class Contents {
  /** Of one file: beyond it they go to the media by themselves, as in a real system. */
  private static final int MOST_PAGES = 1 << 16;

  private final Names names;
  private final Faults faults;
  private final Recorder recorder;
  private final Activity activity;

  Contents(Names names, Faults faults, Recorder recorder, Activity activity) {
    this.names = names;
    this.faults = faults;
    this.recorder = recorder;
    this.activity = activity;
  }

  void open(Node node) {
    java.nio.file.Path path = names.path(node);
    synchronized (node) {
      if (node.opens == 0) {
        node.fd = Libc.open(path, Libc.O_RDWR, 0);
      }
      node.opens++;
    }
  }

  void release(Node node) {
    synchronized (node) {
      node.opens--;
      if (node.opens == 0) {
        Libc.close(node.fd);
        node.fd = Node.NOT_OPEN;
      }
    }
  }

  /** Of a file through what is open, for it may have no name any more. */
  FileStat stat(Node node) {
    java.nio.file.Path path = names.path(node);
    synchronized (node) {
      return node.fd != Node.NOT_OPEN ? Libc.stat(node.fd) : Libc.stat(path);
    }
  }

  int read(Node node, MemorySegment into, long offset) {
    activity.read();
    faults.before(Action.READ, () -> names.relative(node));
    int count = Libc.pread(node.fd, into, offset);
    if (count > 0 && faults.flips(() -> names.relative(node))) {
      ThreadLocalRandom random = ThreadLocalRandom.current(); // any bit: nothing follows from which
      long at = random.nextInt(count);
      byte b = into.get(ValueLayout.JAVA_BYTE, at);
      into.set(ValueLayout.JAVA_BYTE, at, (byte) (b ^ 1 << random.nextInt(8)));
    }
    return count;
  }

  void write(Node node, MemorySegment from, long offset) {
    activity.write();
    faults.before(Action.WRITE, () -> names.relative(node));
    long length = from.byteSize();
    synchronized (node) {
      long size = Libc.stat(node.fd).size();
      if (faults.full() && offset + length > Math.max(size, node.allocated)) {
        throw new Errno(Errno.ENOSPC, "the full disk");
      }
      node.unsynced.before(node.fd, offset, length, size, System.nanoTime());
      Libc.pwrite(node.fd, from, offset);
      if (recorder.isOn()) {
        byte[] bytes = from.toArray(ValueLayout.JAVA_BYTE);
        recorder.add(node.ino, file -> new Op.Write(file, offset, bytes));
      }
      if (node.unsynced.pages() > MOST_PAGES) {
        node.unsynced.synced();
      }
    }
  }

  /** The file must be open, or gets opened for this. */
  void resize(Node node, long size) {
    activity.write();
    faults.before(Action.WRITE, () -> names.relative(node));
    open(node);
    try {
      synchronized (node) {
        long now = System.nanoTime();
        long old = Libc.stat(node.fd).size();
        node.unsynced.beforeResize(old, now);
        if (size < old) {
          node.unsynced.before(node.fd, size, old - size, old, now);
        }
        Libc.truncate(node.fd, size);
        node.allocated = Math.min(node.allocated, size);
        recorder.add(node.ino, file -> new Op.Resize(file, size));
      }
    } finally {
      release(node);
    }
  }

  void allocate(Node node, int mode, long offset, long length) {
    activity.write();
    faults.before(Action.ALLOCATE, () -> names.relative(node));
    boolean zeros = (mode & (Libc.FALLOC_PUNCH_HOLE | Libc.FALLOC_ZERO_RANGE)) != 0;
    synchronized (node) {
      long now = System.nanoTime();
      long old = Libc.stat(node.fd).size();
      if (faults.full() && !zeros && offset + length > Math.max(old, node.allocated)) {
        throw new Errno(Errno.ENOSPC, "the full disk");
      }
      node.unsynced.beforeResize(old, now);
      long inside = Math.min(offset + length, old) - offset;
      if (zeros && inside > 0) {
        node.unsynced.before(node.fd, offset, inside, old, now);
      }
      Libc.fallocate(node.fd, mode, offset, length);
      long size = Libc.stat(node.fd).size();
      if (zeros) {
        recorder.add(node.ino, file -> new Op.Zero(file, offset, length, size));
      } else {
        node.allocated = Math.max(node.allocated, offset + length);
        if (size != old) {
          recorder.add(node.ino, file -> new Op.Resize(file, size));
        }
      }
    }
  }

  /** When it fails, the media keep what they had, and the next sync knows nothing of it. */
  void sync(Node node) {
    activity.sync();
    try {
      faults.before(Action.SYNC, () -> names.relative(node));
    } catch (Errno e) {
      activity.failedSync();
      synchronized (node) {
        node.unsynced.drop(node.fd, Libc.stat(node.fd).size());
      }
      throw e;
    }
    synchronized (node) {
      node.unsynced.synced();
      recorder.add(node.ino, Op.Sync::new);
    }
    names.commit();
  }

  void syncDirectory(Node node) {
    activity.sync();
    faults.before(Action.SYNC, () -> names.relative(node));
    String path = names.relative(node);
    recorder.add(() -> new Op.SyncDirectory(path));
    names.commit();
  }
}
