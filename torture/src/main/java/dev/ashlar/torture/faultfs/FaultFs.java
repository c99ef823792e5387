package dev.ashlar.torture.faultfs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A real directory seen through a file system that fails on command. What is written goes to the
 * lower directory at once; what was not synced can be undone there, which is what a power cut does.
 *
 * <p>Names become durable in order, with any sync, as in file systems with a journal; what is older
 * than half a minute is durable by itself. No hard links, symbolic links and extended attributes.
 * The lower directory belongs to this while it is mounted, and so does a directory beside it
 * ({@code <name>.removed}) for removed files.
 *
 * <p>A process must not use a mount that it serves itself where it maps files into memory: a thread
 * that waits for a page stops the garbage collector, which stops the threads that would bring the
 * page. Other processes may do anything. Thread-safe.
 */
public final class FaultFs implements AutoCloseable {
  private static final long WRITE_BACK_NS = Duration.ofSeconds(30).toNanos();
  private static final int CHUNK = 1 << 16;

  private final Path lower;
  private final Path removed;
  private final Path mountPoint;
  private final Activity activity = new Activity();
  private final Recorder recorder = new Recorder();
  private final Faults faults = new Faults(activity);
  private final Names names;
  private final Contents contents;
  private @Nullable FuseDevice device;

  private FaultFs(Path lower, Path removed, Path mountPoint) {
    this.lower = lower;
    this.removed = removed;
    this.mountPoint = mountPoint;
    this.names = new Names(lower, removed, recorder);
    this.contents = new Contents(names, faults, recorder, activity);
  }

  /** Why this machine cannot do it, in one sentence; nothing if it can. */
  public static Optional<String> whyNot() {
    if (!Files.exists(Path.of("/dev/fuse"))) {
      return Optional.of("There is no /dev/fuse here.");
    }
    try {
      Path dir = Files.createTempDirectory("faultfs");
      Path lower = Files.createDirectory(dir.resolve("lower"));
      try (FaultFs _ = mount(lower, dir.resolve("mount"))) {
        return Optional.empty();
      } finally {
        Files.deleteIfExists(dir.resolve("mount"));
        Files.deleteIfExists(removed(lower));
        Files.deleteIfExists(lower);
        Files.deleteIfExists(dir);
      }
    } catch (IOException e) {
      return Optional.of(e.getMessage() + ".");
    }
  }

  /**
   * Mounts a directory that exists. A mount that a process left behind there when it died is taken
   * away first.
   *
   * @param mountPoint made if it does not exist
   */
  public static FaultFs mount(Path lower, Path mountPoint) throws IOException {
    Path real = lower.toRealPath();
    Path removed = removed(real);
    detachDead(mountPoint);
    Files.createDirectories(mountPoint);
    Files.createDirectories(removed);
    FaultFs fs = new FaultFs(real, removed, mountPoint.toRealPath());
    fs.powerOn();
    return fs;
  }

  private static Path removed(Path lower) {
    return lower.resolveSibling(lower.getFileName() + ".removed");
  }

  /** Takes away a mount that nobody serves. */
  public static void detachDead(Path mountPoint) throws IOException {
    String at = " " + mountPoint.toAbsolutePath().normalize() + " fuse.faultfs ";
    try (Stream<String> mounts = Files.lines(Path.of("/proc/self/mounts"))) {
      if (mounts.anyMatch(m -> m.contains(at))) {
        Libc.unmount(mountPoint, Libc.MNT_FORCE | Libc.MNT_DETACH);
      }
    }
  }

  /** What processes are to use. */
  public Path mountPoint() {
    return mountPoint;
  }

  /** Where the bytes really are. */
  public Path lower() {
    return lower;
  }

  public Activity activity() {
    return activity;
  }

  /** From now on this goes wrong; several faults may be armed. Of reads, cached pages count too. */
  public void inject(Fault fault) {
    faults.add(fault);
    if (fault.on().contains(Fault.Action.READ)) {
      dropCaches();
    }
  }

  /** No fault any more, and the disk is not full. What they did stays. */
  public void heal() {
    faults.clear();
  }

  /** While full, no file gets more bytes than it has, or had set aside. */
  public void full(boolean now) {
    faults.full(now);
  }

  /** The kernel reads everything anew. */
  public void dropCaches() {
    FuseDevice d = device;
    if (d != null) {
      names.files().forEach(n -> d.invalidate(n.id));
    }
  }

  /**
   * Flips a bit on the media.
   *
   * @param relative a file's path below the root
   */
  public void flip(Path relative, long offset, int bit) throws IOException {
    try {
      int fd = Libc.open(lower.resolve(relative), Libc.O_RDWR, 0);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment b = arena.allocate(1);
        if (Libc.pread(fd, b, offset) != 1) {
          throw new IOException(relative + " has no byte " + offset);
        }
        b.set(ValueLayout.JAVA_BYTE, 0, (byte) (b.get(ValueLayout.JAVA_BYTE, 0) ^ 1 << bit));
        Libc.pwrite(fd, b, offset);
      } finally {
        Libc.close(fd);
      }
    } catch (Errno e) {
      throw new IOException("Cannot flip a bit of " + relative + ": " + e.getMessage(), e);
    }
    Node node = names.known(relative.toString());
    FuseDevice d = device;
    if (node != null && d != null) {
      d.invalidate(node.id);
    }
  }

  /**
   * The power goes: the mount ends, whoever uses it, and what was not synced is lost. Kill the
   * processes first: one that lives sees errors instead.
   */
  public void powerCut(PowerCut how, RandomGenerator random) throws IOException {
    FuseDevice d = device;
    if (d == null) {
      throw new IllegalStateException("There is no power");
    }
    device = null;
    d.unmount(false);
    try {
      names.powerCut(how, random, System.nanoTime() - WRITE_BACK_NS);
    } catch (Errno e) {
      throw new IOException("Cannot undo what was not synced: " + e.getMessage(), e);
    }
  }

  /** Mounts again, on what the power cut left. */
  public void powerOn() throws IOException {
    if (device != null) {
      throw new IllegalStateException("There is power");
    }
    device =
        FuseDevice.mount(
            mountPoint,
            String.valueOf(lower.getFileName()),
            new Requests(names, contents, faults, lower));
  }

  /**
   * From now on every change is written down, in memory. Nobody may change anything while this
   * method runs.
   */
  public void startRecording() throws IOException {
    recorder.start();
    Files.walkFileTree(
        lower,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes a) {
            if (!dir.equals(lower)) {
              recorder.add(() -> new Op.MakeDirectory(lower.relativize(dir).toString()));
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes a) throws IOException {
            recordPresent(file, a.size());
            return FileVisitResult.CONTINUE;
          }
        });
    recorder.startHere();
  }

  private void recordPresent(Path file, long size) throws IOException {
    long ino = Libc.stat(file).ino();
    recorder.created(ino, lower.relativize(file).toString());
    try (var in = Files.newInputStream(file)) {
      long at = 0;
      for (byte[] b = in.readNBytes(CHUNK); b.length > 0; b = in.readNBytes(CHUNK)) {
        byte[] bytes = b;
        long offset = at;
        if (!isZero(bytes)) {
          recorder.add(ino, f -> new Op.Write(f, offset, bytes));
        }
        at += bytes.length;
      }
    }
    recorder.add(ino, f -> new Op.Resize(f, size));
  }

  private static boolean isZero(byte[] bytes) {
    for (byte b : bytes) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }

  /** What was written down so far; writing down goes on. */
  public Recording recorded() {
    return recorder.soFar();
  }

  /** What was written down. */
  public Recording stopRecording() {
    return recorder.stop();
  }

  /** Unmounts; everything counts as synced. */
  @Override
  public void close() throws IOException {
    FuseDevice d = device;
    if (d != null) {
      device = null;
      d.unmount(true);
    }
    names.close();
    try (Stream<Path> left = Files.list(removed)) {
      for (Path file : List.copyOf(left.toList())) {
        Files.delete(file);
      }
    }
    Files.deleteIfExists(removed);
  }
}
