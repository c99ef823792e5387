package dev.ashlar.torture.faultfs;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.ashlar.torture.faultfs.Fault.Action;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/** Decodes the kernel's requests (fuse.h of Linux, protocol 7) and answers them. */
final class Requests implements FuseDevice.Handler {
  private static final int LOOKUP = 1;
  private static final int FORGET = 2;
  private static final int GETATTR = 3;
  private static final int SETATTR = 4;
  private static final int MKDIR = 9;
  private static final int UNLINK = 10;
  private static final int RMDIR = 11;
  private static final int RENAME = 12;
  private static final int OPEN = 14;
  private static final int READ = 15;
  private static final int WRITE = 16;
  private static final int STATFS = 17;
  private static final int RELEASE = 18;
  private static final int FSYNC = 20;
  private static final int FLUSH = 25;
  private static final int INIT = 26;
  private static final int OPENDIR = 27;
  private static final int READDIR = 28;
  private static final int RELEASEDIR = 29;
  private static final int FSYNCDIR = 30;
  private static final int CREATE = 35;
  private static final int INTERRUPT = 36;
  private static final int DESTROY = 38;
  private static final int BATCH_FORGET = 42;
  private static final int FALLOCATE = 43;
  private static final int RENAME2 = 45;

  /** Pages stay when a file is opened again: nobody changes it but through this mount. */
  private static final int KEEP_CACHE = 2;

  private static final int ATTR_SECONDS = 1;

  private final Names names;
  private final Contents contents;
  private final Faults faults;
  private final Path lower;
  private final Map<Long, List<Path>> directories = new ConcurrentHashMap<>();
  private final AtomicLong handles = new AtomicLong();

  Requests(Names names, Contents contents, Faults faults, Path lower) {
    this.names = names;
    this.contents = contents;
    this.faults = faults;
    this.lower = lower;
  }

  @Override
  public int handle(int opcode, long id, MemorySegment in, MemorySegment out) {
    return switch (opcode) {
      case INIT -> init(in, out);
      case FORGET -> forget(id, in.get(JAVA_LONG, 0));
      case BATCH_FORGET -> forgetMany(in);
      case INTERRUPT -> FuseDevice.NO_REPLY; // no request takes long enough to be worth it
      case DESTROY, FLUSH -> 0;
      case STATFS -> statfs(out);
      case LOOKUP -> entry(names.lookup(names.node(id), text(in, 0)), out);
      case GETATTR -> attributes(names.node(id), out);
      case SETATTR -> setAttributes(names.node(id), in, out);
      case MKDIR -> {
        Node parent = names.node(id);
        faults.before(Action.NAME, () -> names.relative(parent));
        yield entry(names.makeDirectory(parent, text(in, 8), in.get(JAVA_INT, 0) & 07777), out);
      }
      case CREATE -> create(names.node(id), in, out);
      case UNLINK -> {
        Node parent = names.node(id);
        faults.before(Action.NAME, () -> names.relative(parent));
        names.remove(parent, text(in, 0));
        yield 0;
      }
      case RMDIR -> {
        Node parent = names.node(id);
        faults.before(Action.NAME, () -> names.relative(parent));
        names.removeDirectory(parent, text(in, 0));
        yield 0;
      }
      case RENAME -> rename(names.node(id), in, 8);
      case RENAME2 -> {
        if (in.get(JAVA_INT, 8) != 0) {
          throw new Errno(Errno.EINVAL, "flags of a rename");
        }
        yield rename(names.node(id), in, 16);
      }
      case OPEN -> {
        contents.open(names.node(id));
        yield opened(0, KEEP_CACHE, out);
      }
      case RELEASE -> {
        contents.release(names.node(id));
        yield 0;
      }
      case READ ->
          contents.read(names.node(id), out.asSlice(0, in.get(JAVA_INT, 16)), in.get(JAVA_LONG, 8));
      case WRITE -> {
        int length = in.get(JAVA_INT, 16);
        contents.write(names.node(id), in.asSlice(40, length), in.get(JAVA_LONG, 8));
        out.set(JAVA_LONG, 0, length);
        yield 8;
      }
      case FALLOCATE -> {
        contents.allocate(
            names.node(id), in.get(JAVA_INT, 24), in.get(JAVA_LONG, 8), in.get(JAVA_LONG, 16));
        yield 0;
      }
      case FSYNC -> {
        contents.sync(names.node(id));
        yield 0;
      }
      case FSYNCDIR -> {
        contents.syncDirectory(names.node(id));
        yield 0;
      }
      case OPENDIR -> opened(handles.incrementAndGet(), 0, out);
      case READDIR -> list(names.node(id), in, out);
      case RELEASEDIR -> {
        directories.remove(in.get(JAVA_LONG, 0));
        yield 0;
      }
      default -> throw new Errno(Errno.ENOSYS, "request " + opcode);
    };
  }

  private static int init(MemorySegment in, MemorySegment out) {
    // ASYNC_READ, BIG_WRITES, PARALLEL_DIROPS, MAX_PAGES; nothing that lets the kernel hold back
    // writes, and no asynchronous direct I/O beside cached pages
    int wanted = 1 | 1 << 5 | 1 << 18 | 1 << 22;
    out.asSlice(0, 64).fill((byte) 0);
    out.set(JAVA_INT, 0, 7);
    out.set(JAVA_INT, 4, Math.min(in.get(JAVA_INT, 4), 36));
    out.set(JAVA_INT, 8, in.get(JAVA_INT, 8));
    out.set(JAVA_INT, 12, in.get(JAVA_INT, 12) & wanted);
    out.set(JAVA_INT, 16, 48 << 16 | 64); // congested at 48, at most 64 in the background
    out.set(JAVA_INT, 20, FuseDevice.MAX_WRITE);
    out.set(JAVA_INT, 24, 1); // times in nanoseconds
    out.set(JAVA_INT, 28, FuseDevice.MAX_WRITE / Unsynced.PAGE);
    return 64;
  }

  private int forget(long id, long count) {
    names.forget(id, count);
    return FuseDevice.NO_REPLY;
  }

  private int forgetMany(MemorySegment in) {
    int count = in.get(JAVA_INT, 0);
    for (int i = 0; i < count; i++) {
      names.forget(in.get(JAVA_LONG, 8 + 16L * i), in.get(JAVA_LONG, 16 + 16L * i));
    }
    return FuseDevice.NO_REPLY;
  }

  private int statfs(MemorySegment out) {
    FileStore store;
    long total;
    long free;
    try {
      store = Files.getFileStore(lower);
      total = store.getTotalSpace();
      free = faults.full() ? 0 : store.getUsableSpace();
    } catch (IOException e) {
      throw new Errno(Errno.EIO, "statfs: " + e.getMessage());
    }
    out.asSlice(0, 80).fill((byte) 0);
    out.set(JAVA_LONG, 0, total / Unsynced.PAGE);
    out.set(JAVA_LONG, 8, free / Unsynced.PAGE);
    out.set(JAVA_LONG, 16, free / Unsynced.PAGE);
    out.set(JAVA_LONG, 24, 1L << 24);
    out.set(JAVA_LONG, 32, 1L << 23);
    out.set(JAVA_INT, 40, Unsynced.PAGE);
    out.set(JAVA_INT, 44, 255);
    out.set(JAVA_INT, 48, Unsynced.PAGE);
    return 80;
  }

  private int create(Node parent, MemorySegment in, MemorySegment out) {
    faults.before(Action.NAME, () -> names.relative(parent));
    Node node = names.create(parent, text(in, 16), in.get(JAVA_INT, 4) & 07777);
    entry(node, out);
    opened(0, KEEP_CACHE, out.asSlice(128));
    return 144;
  }

  private int rename(Node parent, MemorySegment in, long at) {
    faults.before(Action.NAME, () -> names.relative(parent));
    Node newParent = names.node(in.get(JAVA_LONG, 0));
    String name = text(in, at);
    long second = at + name.getBytes(StandardCharsets.UTF_8).length + 1;
    names.rename(parent, name, newParent, text(in, second));
    return 0;
  }

  private int setAttributes(Node node, MemorySegment in, MemorySegment out) {
    int valid = in.get(JAVA_INT, 0);
    if ((valid & 8) != 0) {
      contents.resize(node, in.get(JAVA_LONG, 16));
    }
    Path path = names.path(node);
    if ((valid & 1) != 0) {
      Libc.chmod(path, in.get(JAVA_INT, 68) & 07777);
    }
    if ((valid & 6) != 0) {
      Libc.chown(
          path,
          (valid & 2) != 0 ? in.get(JAVA_INT, 76) : -1,
          (valid & 4) != 0 ? in.get(JAVA_INT, 80) : -1);
    }
    if ((valid & (16 | 32)) != 0) {
      long now = (1L << 30) - 1;
      long omit = (1L << 30) - 2;
      Libc.times(
          path,
          in.get(JAVA_LONG, 32),
          (valid & 16) == 0 ? omit : (valid & 128) != 0 ? now : in.get(JAVA_INT, 56),
          in.get(JAVA_LONG, 40),
          (valid & 32) == 0 ? omit : (valid & 256) != 0 ? now : in.get(JAVA_INT, 60));
    }
    return attributes(node, out);
  }

  private int list(Node node, MemorySegment in, MemorySegment out) {
    long handle = in.get(JAVA_LONG, 0);
    long offset = in.get(JAVA_LONG, 8);
    int room = in.get(JAVA_INT, 16);
    if (offset == 0) {
      try (Stream<Path> files = Files.list(names.path(node))) {
        directories.put(handle, new ArrayList<>(files.sorted().toList()));
      } catch (IOException e) {
        throw new Errno(Errno.EIO, "list: " + e.getMessage());
      }
    }
    List<Path> files = directories.getOrDefault(handle, List.of());
    int used = 0;
    for (int i = (int) offset; i < files.size() + 2; i++) {
      String name = i == 0 ? "." : i == 1 ? ".." : String.valueOf(files.get(i - 2).getFileName());
      byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
      int length = 24 + bytes.length + 7 & ~7;
      if (used + length > room) {
        break;
      }
      boolean directory = i < 2 || Files.isDirectory(files.get(i - 2));
      out.set(JAVA_LONG, used, 0xffffffffL); // its number is not known before a lookup
      out.set(JAVA_LONG, used + 8, i + 1L);
      out.set(JAVA_INT, used + 16, bytes.length);
      out.set(JAVA_INT, used + 20, directory ? 4 : 8);
      MemorySegment.copy(bytes, 0, out, JAVA_BYTE, used + 24, bytes.length);
      used += length;
    }
    return used;
  }

  private static int opened(long handle, int flags, MemorySegment out) {
    out.set(JAVA_LONG, 0, handle);
    out.set(JAVA_LONG, 8, flags);
    return 16;
  }

  private int entry(Node node, MemorySegment out) {
    out.set(JAVA_LONG, 0, node.id);
    out.set(JAVA_LONG, 8, 0);
    out.set(JAVA_LONG, 16, ATTR_SECONDS);
    out.set(JAVA_LONG, 24, ATTR_SECONDS);
    out.set(JAVA_LONG, 32, 0);
    encode(contents.stat(node), out.asSlice(40));
    return 128;
  }

  private int attributes(Node node, MemorySegment out) {
    out.set(JAVA_LONG, 0, ATTR_SECONDS);
    out.set(JAVA_LONG, 8, 0);
    encode(contents.stat(node), out.asSlice(16));
    return 104;
  }

  private static void encode(FileStat s, MemorySegment out) {
    out.set(JAVA_LONG, 0, s.ino());
    out.set(JAVA_LONG, 8, s.size());
    out.set(JAVA_LONG, 16, s.blocks());
    out.set(JAVA_LONG, 24, s.accessed().seconds());
    out.set(JAVA_LONG, 32, s.modified().seconds());
    out.set(JAVA_LONG, 40, s.changed().seconds());
    out.set(JAVA_INT, 48, s.accessed().nanos());
    out.set(JAVA_INT, 52, s.modified().nanos());
    out.set(JAVA_INT, 56, s.changed().nanos());
    out.set(JAVA_INT, 60, s.mode());
    out.set(JAVA_INT, 64, s.nlink());
    out.set(JAVA_INT, 68, s.uid());
    out.set(JAVA_INT, 72, s.gid());
    out.set(JAVA_INT, 76, 0);
    out.set(JAVA_INT, 80, Unsynced.PAGE);
    out.set(JAVA_INT, 84, 0);
  }

  private static String text(MemorySegment in, long at) {
    return in.asSlice(at).getString(0, StandardCharsets.UTF_8);
  }
}
