package dev.ashlar.torture.faultfs;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Writes down changes while it is on. Thread-safe; its lock is taken last. */
final class Recorder {
  private static final long MOST_BYTES = 2L << 30;

  private final Map<Long, Long> fileOfInode = new HashMap<>();
  private volatile @Nullable List<Op> ops;
  private long files;
  private long bytes;
  private int present;

  synchronized void start() {
    ops = new ArrayList<>();
    fileOfInode.clear();
    bytes = 0;
    present = 0;
  }

  /** What came so far is what was there already. */
  synchronized void startHere() {
    List<Op> list = ops;
    present = list == null ? 0 : list.size();
  }

  synchronized Recording stop() {
    List<Op> list = ops;
    if (list == null) {
      throw new IllegalStateException("Nothing is being recorded");
    }
    ops = null;
    if (bytes > MOST_BYTES) {
      throw new IllegalStateException("More than " + MOST_BYTES + " bytes were written: too many");
    }
    return new Recording(list, present);
  }

  /** So far, without stopping. */
  synchronized Recording soFar() {
    List<Op> list = ops;
    if (list == null) {
      throw new IllegalStateException("Nothing is being recorded");
    }
    return new Recording(new ArrayList<>(list), present);
  }

  boolean isOn() {
    return ops != null;
  }

  void add(Supplier<Op> op) {
    if (ops != null) {
      append(op.get());
    }
  }

  /** An operation on the file with this inode number. */
  void add(long ino, LongFunction<Op> op) {
    if (ops != null) {
      long file;
      synchronized (this) {
        file = fileOfInode.computeIfAbsent(ino, _ -> ++files);
        append(op.apply(file));
      }
    }
  }

  /** An inode number may have been of another file before. */
  void created(long ino, String path) {
    if (ops != null) {
      synchronized (this) {
        fileOfInode.put(ino, ++files);
        append(new Op.Create(files, path));
      }
    }
  }

  private synchronized void append(Op op) {
    List<Op> list = ops;
    if (list == null) {
      return;
    }
    if (op instanceof Op.Write w) {
      bytes += w.bytes().length;
      if (bytes > MOST_BYTES) {
        return; // stop() says so
      }
    }
    list.add(op);
  }
}
