package dev.ashlar.torture.faultfs;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The few calls of the C library that Java has no words for. Each throws {@link Errno}. */
@SuppressWarnings("restricted") // every JVM of this program may call native code
final class Libc {
  static final int O_RDWR = 2;
  static final int O_CREAT = 0100;
  static final int O_EXCL = 0200;
  static final int O_CLOEXEC = 02000000;
  static final int FALLOC_KEEP_SIZE = 1;
  static final int FALLOC_PUNCH_HOLE = 2;
  static final int FALLOC_ZERO_RANGE = 16;
  static final int MNT_FORCE = 1;
  static final int MNT_DETACH = 2;
  private static final int AT_FDCWD = -100;
  private static final int AT_SYMLINK_NOFOLLOW = 0x100;
  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int STATX_BASIC_STATS = 0x7ff;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final ThreadLocal<MemorySegment> ERRNO =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(16, 8));

  private static final MethodHandle OPEN =
      LINKER.downcallHandle(
          LINKER.defaultLookup().find("open").orElseThrow(),
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT),
          Linker.Option.captureCallState("errno"),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle CLOSE = calls("close", false, JAVA_INT);
  private static final MethodHandle READ = calls("read", true, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final MethodHandle WRITE = calls("write", true, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final MethodHandle PREAD =
      calls("pread", true, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle PWRITE =
      calls("pwrite", true, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle FTRUNCATE = calls("ftruncate", false, JAVA_INT, JAVA_LONG);
  private static final MethodHandle FALLOCATE =
      calls("fallocate", false, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle MKDIR = calls("mkdir", false, ADDRESS, JAVA_INT);
  private static final MethodHandle CHMOD = calls("chmod", false, ADDRESS, JAVA_INT);
  private static final MethodHandle CHOWN = calls("lchown", false, ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle RMDIR = calls("rmdir", false, ADDRESS);
  private static final MethodHandle UNLINK = calls("unlink", false, ADDRESS);
  private static final MethodHandle RENAME = calls("rename", false, ADDRESS, ADDRESS);
  private static final MethodHandle UTIMENSAT =
      calls("utimensat", false, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT);
  private static final MethodHandle STATX =
      calls("statx", false, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle MOUNT =
      calls("mount", false, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS);
  private static final MethodHandle UMOUNT = calls("umount2", false, ADDRESS, JAVA_INT);

  private Libc() {}

  private static MethodHandle calls(
      String name, boolean wide, java.lang.foreign.MemoryLayout... arguments) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().find(name).orElseThrow(),
        FunctionDescriptor.of(wide ? JAVA_LONG : JAVA_INT, arguments),
        Linker.Option.captureCallState("errno"));
  }

  private interface Call {
    long run(MemorySegment errno) throws Throwable;
  }

  private static long call(String what, Call call) {
    MemorySegment errno = ERRNO.get();
    long result;
    try {
      result = call.run(errno);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("Cannot call " + what, e);
    }
    if (result < 0) {
      throw new Errno(errno.get(JAVA_INT, 0), what);
    }
    return result;
  }

  private interface PathCall {
    long run(MemorySegment errno, MemorySegment path) throws Throwable;
  }

  private static void call(String what, Path path, PathCall call) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = text(arena, path.toString());
      call(what, errno -> call.run(errno, text));
    }
  }

  private static MemorySegment text(Arena arena, String text) {
    return arena.allocateFrom(text, StandardCharsets.UTF_8);
  }

  /** Opens, always close-on-exec; the caller closes the number. */
  static int open(Path path, int flags, int mode) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = text(arena, path.toString());
      return (int)
          call(
              "open " + path,
              errno -> (int) OPEN.invokeExact(errno, text, flags | O_CLOEXEC, mode));
    }
  }

  static void close(int fd) {
    call("close", errno -> (int) CLOSE.invokeExact(errno, fd));
  }

  static long read(int fd, MemorySegment into) {
    return call("read", errno -> (long) READ.invokeExact(errno, fd, into, into.byteSize()));
  }

  static long write(int fd, MemorySegment from) {
    return call("write", errno -> (long) WRITE.invokeExact(errno, fd, from, from.byteSize()));
  }

  /** Reads up to the end of the file or of {@code into}. */
  static int pread(int fd, MemorySegment into, long offset) {
    int done = 0;
    while (done < into.byteSize()) {
      MemorySegment rest = into.asSlice(done);
      long at = offset + done;
      long count =
          call("pread", errno -> (long) PREAD.invokeExact(errno, fd, rest, rest.byteSize(), at));
      if (count == 0) {
        break;
      }
      done += (int) count;
    }
    return done;
  }

  /** Writes all of it. */
  static void pwrite(int fd, MemorySegment from, long offset) {
    int done = 0;
    while (done < from.byteSize()) {
      MemorySegment rest = from.asSlice(done);
      long at = offset + done;
      done +=
          (int)
              call(
                  "pwrite",
                  errno -> (long) PWRITE.invokeExact(errno, fd, rest, rest.byteSize(), at));
    }
  }

  static void truncate(int fd, long size) {
    call("ftruncate", errno -> (int) FTRUNCATE.invokeExact(errno, fd, size));
  }

  static void fallocate(int fd, int mode, long offset, long length) {
    call("fallocate", errno -> (int) FALLOCATE.invokeExact(errno, fd, mode, offset, length));
  }

  static void mkdir(Path path, int mode) {
    call("mkdir " + path, path, (errno, p) -> (int) MKDIR.invokeExact(errno, p, mode));
  }

  static void chmod(Path path, int mode) {
    call("chmod " + path, path, (errno, p) -> (int) CHMOD.invokeExact(errno, p, mode));
  }

  /**
   * @param uid -1: as it is
   * @param gid -1: as it is
   */
  static void chown(Path path, int uid, int gid) {
    call("chown " + path, path, (errno, p) -> (int) CHOWN.invokeExact(errno, p, uid, gid));
  }

  static void rmdir(Path path) {
    call("rmdir " + path, path, (errno, p) -> (int) RMDIR.invokeExact(errno, p));
  }

  static void unlink(Path path) {
    call("unlink " + path, path, (errno, p) -> (int) UNLINK.invokeExact(errno, p));
  }

  static void rename(Path from, Path to) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment a = text(arena, from.toString());
      MemorySegment b = text(arena, to.toString());
      call("rename " + from, errno -> (int) RENAME.invokeExact(errno, a, b));
    }
  }

  /**
   * Sets access and modification times.
   *
   * @param times four values: seconds and nanoseconds of each, as in utimensat(2)
   */
  static void times(Path path, long... times) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment spec = arena.allocateFrom(JAVA_LONG, times);
      call(
          "utimensat " + path,
          path,
          (errno, p) -> (int) UTIMENSAT.invokeExact(errno, AT_FDCWD, p, spec, AT_SYMLINK_NOFOLLOW));
    }
  }

  static FileStat stat(Path path) {
    return stat(AT_FDCWD, path.toString(), AT_SYMLINK_NOFOLLOW);
  }

  static FileStat stat(int fd) {
    return stat(fd, "", AT_EMPTY_PATH);
  }

  private static FileStat stat(int fd, String path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = text(arena, path);
      MemorySegment out = arena.allocate(256, 8);
      call(
          "stat " + path,
          errno -> (int) STATX.invokeExact(errno, fd, text, flags, STATX_BASIC_STATS, out));
      return FileStat.decode(out);
    }
  }

  static void mount(String source, Path target, String type, long flags, String options) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment s = text(arena, source);
      MemorySegment t = text(arena, type);
      MemorySegment o = text(arena, options);
      call(
          "mount on " + target,
          target,
          (errno, p) -> (int) MOUNT.invokeExact(errno, s, p, t, flags, o));
    }
  }

  static void unmount(Path target, int flags) {
    call("umount " + target, target, (errno, p) -> (int) UMOUNT.invokeExact(errno, p, flags));
  }
}
