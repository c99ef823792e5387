package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Locale;
import java.util.NoSuchElementException;
import java.util.Optional;

/**
 * The system calls that Java has no name for: giving back a part of a file, how much of a file is
 * on disk, and dropping a file from the page cache. Constants are those of 64-bit Linux; elsewhere
 * they report that they cannot. Stateless: each call opens the file by its name, which costs a few
 * microseconds.
 */
final class LinuxFiles {
  private static final int O_RDONLY = 0;
  private static final int O_RDWR = 2;
  private static final int O_CLOEXEC = 02000000;
  private static final int FALLOC_KEEP_SIZE = 1;
  private static final int FALLOC_KEEP_SIZE_AND_PUNCH_HOLE = 1 | 2;
  private static final int POSIX_FADV_DONTNEED = 4;
  private static final int ENOMEM = 12;
  private static final int ENFILE = 23;
  private static final int EMFILE = 24;
  private static final int ENOSPC = 28;
  private static final int ENOSYS = 38;
  private static final int EOPNOTSUPP = 95;
  private static final int EDQUOT = 122;

  /**
   * struct statx is the same on all machines: 256 bytes, with the number of 512-byte units on disk
   * at 48.
   */
  private static final int STATX_BYTES = 256;

  private static final int STATX_BLOCKS_AT = 48;
  private static final int STATX_BLOCKS = 0x400;
  private static final int AT_EMPTY_PATH = 0x1000;

  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO = STATE.varHandle(PathElement.groupElement("errno"));
  private static final Optional<Calls> CALLS = Calls.find();

  private record Calls(
      MethodHandle open,
      MethodHandle close,
      MethodHandle fallocate,
      MethodHandle ftruncate,
      MethodHandle fadvise,
      MethodHandle statx) {
    static Optional<Calls> find() {
      if (!System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux")) {
        return Optional.empty();
      }
      try {
        return Optional.of(
            new Calls(
                call("open", ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
                call("close", ValueLayout.JAVA_INT),
                call(
                    "fallocate",
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG),
                call("ftruncate", ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG),
                call(
                    "posix_fadvise",
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_INT),
                call(
                    "statx",
                    ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS)));
      } catch (NoSuchElementException e) {
        return Optional.empty();
      }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle call(String name, MemoryLayout... arguments) {
      MemorySegment at = Linker.nativeLinker().defaultLookup().findOrThrow(name);
      return Linker.nativeLinker()
          .downcallHandle(
              at,
              FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments),
              Linker.Option.captureCallState("errno"));
    }
  }

  /** What to do with an open file; answers 0 or an errno. */
  @FunctionalInterface
  private interface Action {
    int on(Calls calls, int fd, MemorySegment state) throws Throwable;
  }

  private LinuxFiles() {}

  /**
   * Frees a range of a file without changing its size. False if the system or file system cannot.
   *
   * @throws NoSpaceException if a hole takes a block more than there is
   */
  static boolean punch(Path file, long position, long length) throws IOException {
    int error =
        with(
            file,
            (calls, fd, state) -> {
              int done =
                  (int)
                      calls
                          .fallocate()
                          .invokeExact(
                              state, fd, FALLOC_KEEP_SIZE_AND_PUNCH_HOLE, position, length);
              return done == 0 ? 0 : (int) ERRNO.get(state, 0L);
            });
    if (error == ENOSYS || error == EOPNOTSUPP) {
      return false;
    }
    if (error == ENOSPC || error == EDQUOT) {
      throw new NoSpaceException("The file system of " + file + " is too full to punch a hole");
    }
    if (error != 0) {
      throw new IOException(
          "Cannot give back "
              + length
              + " bytes at "
              + position
              + " of "
              + file
              + ": errno "
              + error);
    }
    return true;
  }

  /** How setting space aside went. */
  enum Reserved {
    DONE,
    FULL,
    UNABLE
  }

  /** Sets space aside for a range of a file without changing its size. */
  static Reserved reserve(Path file, long position, long length) throws IOException {
    int error =
        with(
            file,
            (calls, fd, state) -> {
              int done =
                  (int)
                      calls.fallocate().invokeExact(state, fd, FALLOC_KEEP_SIZE, position, length);
              return done == 0 ? 0 : (int) ERRNO.get(state, 0L);
            });
    return switch (error) {
      case 0 -> Reserved.DONE;
      case ENOSPC, EDQUOT -> Reserved.FULL;
      case ENOSYS, EOPNOTSUPP -> Reserved.UNABLE;
      default ->
          throw new IOException(
              "Cannot set aside "
                  + length
                  + " bytes at "
                  + position
                  + " of "
                  + file
                  + ": errno "
                  + error);
    };
  }

  /** Gives back what was set aside behind the end of a file; where it cannot, nothing happens. */
  static void giveBackReserve(Path file, long size) throws IOException {
    with(file, (calls, fd, state) -> (int) calls.ftruncate().invokeExact(state, fd, size));
  }

  /** Bytes that a file takes on disk; {@code otherwise} if the system does not tell. */
  static long allocated(Path file, long otherwise) throws IOException {
    long[] bytes = {otherwise};
    with(
        file,
        (calls, fd, state) -> {
          try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(STATX_BYTES, 8);
            int done =
                (int)
                    calls
                        .statx()
                        .invokeExact(
                            state, fd, arena.allocateFrom(""), AT_EMPTY_PATH, STATX_BLOCKS, out);
            if (done == 0) {
              bytes[0] = out.get(ValueLayout.JAVA_LONG, STATX_BLOCKS_AT) * 512;
            }
            return 0;
          }
        });
    return bytes[0];
  }

  /**
   * Asks the system to drop clean pages of a range from its cache; where it cannot, nothing
   * happens.
   */
  static void forget(Path file, long position, long length) throws IOException {
    with(
        file,
        O_RDONLY,
        (calls, fd, state) ->
            (int) calls.fadvise().invokeExact(state, fd, position, length, POSIX_FADV_DONTNEED));
  }

  /**
   * Opens a file for Java's own calls.
   *
   * @throws AshlarException RETRY as {@link #cannotOpen} says
   */
  static FileChannel open(Path file, OpenOption... options) throws IOException {
    try {
      return FileChannel.open(file, options);
    } catch (IOException e) {
      throw cannotOpen(file, e);
    }
  }

  /**
   * What to throw when a file could not be opened: RETRY if the process or the machine has no
   * descriptor or no memory left, which says nothing about file and disk; else what Java said,
   * which has no code and may be in any language.
   */
  static IOException cannotOpen(Path file, IOException said) {
    if (said instanceof NoSuchFileException || said instanceof AshlarException) {
      return said;
    }
    try {
      int ignored = with(file, O_RDONLY, (calls, fd, state) -> 0);
    } catch (AshlarException e) {
      e.addSuppressed(said);
      return e;
    } catch (IOException e) {
      return said;
    }
    // A descriptor may have come free since.
    return String.valueOf(said.getMessage()).contains("Too many open files")
        ? noDescriptors(file)
        : said;
  }

  private static AshlarException noDescriptors(Path file) {
    return new AshlarException(
        ErrorCode.RETRY,
        "Cannot open "
            + file
            + ": too many open files, or no memory. Try again, and raise the limit of open files");
  }

  private static int with(Path file, Action action) throws IOException {
    return with(file, O_RDWR, action);
  }

  private static int with(Path file, int mode, Action action) throws IOException {
    if (CALLS.isEmpty()) {
      return ENOSYS;
    }
    Calls calls = CALLS.get();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      int fd =
          (int)
              calls
                  .open()
                  .invokeExact(state, arena.allocateFrom(file.toString()), mode | O_CLOEXEC);
      if (fd < 0) {
        int error = (int) ERRNO.get(state, 0L);
        throw error == EMFILE || error == ENFILE || error == ENOMEM
            ? noDescriptors(file)
            : new IOException("Cannot open " + file + ": errno " + error);
      }
      try {
        return action.on(calls, fd, state);
      } finally {
        int ignored = (int) calls.close().invokeExact(state, fd);
      }
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IOException("A system call on " + file + " failed", e);
    }
  }
}
