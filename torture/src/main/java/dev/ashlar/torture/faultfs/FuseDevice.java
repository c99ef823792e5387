package dev.ashlar.torture.faultfs;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * One mount of the kernel's file system in user space, spoken directly on /dev/fuse: threads of its
 * own take requests and write the replies.
 */
final class FuseDevice {
  static final int MAX_WRITE = 1 << 20;

  /** What a handler returns if the kernel expects no answer. */
  static final int NO_REPLY = Integer.MIN_VALUE;

  private static final Logger LOG = Logger.getLogger(FuseDevice.class.getName());
  private static final int THREADS = 4;
  private static final int IN_HEADER = 40;
  private static final int OUT_HEADER = 16;
  private static final int BUFFER = MAX_WRITE + (64 << 10);
  private static final int INVALIDATE_INODE = 2;
  private static final long NOSUID_NODEV = 2 | 4;
  private static final long JOIN_MS = 10_000;

  /** Answers requests, on several threads. */
  interface Handler {
    /**
     * @param in what follows the header
     * @param out room for the answer
     * @return bytes of the answer, or {@link #NO_REPLY}
     * @throws Errno to answer with an error
     */
    int handle(int opcode, long node, MemorySegment in, MemorySegment out);
  }

  private final Path target;
  private final int fd;
  private final Handler handler;
  private final List<Thread> threads = new ArrayList<>();

  private FuseDevice(Path target, int fd, Handler handler) {
    this.target = target;
    this.fd = fd;
    this.handler = handler;
  }

  /**
   * Mounts and serves.
   *
   * @throws IOException with the reason, which is mostly a missing right
   */
  static FuseDevice mount(Path target, String name, Handler handler) throws IOException {
    int fd;
    try {
      fd = Libc.open(Path.of("/dev/fuse"), Libc.O_RDWR, 0);
    } catch (Errno e) {
      throw new IOException("Cannot open /dev/fuse: " + e.getMessage(), e);
    }
    try {
      Libc.mount(
          "faultfs",
          target,
          "fuse.faultfs",
          NOSUID_NODEV,
          "fd=" + fd + ",rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions");
    } catch (Errno e) {
      Libc.close(fd);
      throw new IOException(
          "Cannot mount on " + target + " (it needs root's rights): " + e.getMessage(), e);
    }
    FuseDevice device = new FuseDevice(target, fd, handler);
    for (int i = 0; i < THREADS; i++) {
      device.threads.add(
          Thread.ofPlatform().daemon().name("faultfs-" + name + "-" + i).start(device::serve));
    }
    return device;
  }

  private void serve() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment in = arena.allocate(BUFFER, Unsynced.PAGE);
      MemorySegment out = arena.allocate(MAX_WRITE + Unsynced.PAGE, Unsynced.PAGE);
      while (true) {
        long count = next(in);
        if (count < 0) {
          return;
        }
        int opcode = in.get(JAVA_INT, 4);
        long unique = in.get(JAVA_LONG, 8);
        int result;
        try {
          result =
              handler.handle(
                  opcode,
                  in.get(JAVA_LONG, 16),
                  in.asSlice(IN_HEADER, count - IN_HEADER),
                  out.asSlice(OUT_HEADER));
        } catch (Errno e) {
          result = -e.number();
        } catch (RuntimeException e) {
          LOG.log(Level.SEVERE, "Request " + opcode + " failed", e);
          result = -Errno.EIO;
        }
        if (result != NO_REPLY) {
          reply(out, unique, result);
        }
      }
    }
  }

  /** Bytes of the next request; negative at the end of the mount. */
  private long next(MemorySegment in) {
    while (true) {
      try {
        return Libc.read(fd, in);
      } catch (Errno e) {
        switch (e.number()) {
          case Errno.EINTR, Errno.EAGAIN, Errno.ENOENT -> {} // the request was taken back
          default -> {
            return -1;
          }
        }
      }
    }
  }

  private void reply(MemorySegment out, long unique, int result) {
    int length = OUT_HEADER + Math.max(0, result);
    out.set(JAVA_INT, 0, length);
    out.set(JAVA_INT, 4, Math.min(0, result));
    out.set(JAVA_LONG, 8, unique);
    try {
      Libc.write(fd, out.asSlice(0, length));
    } catch (Errno e) {
      LOG.log(Level.FINE, "Nobody waits for a reply any more", e);
    }
  }

  /** The kernel forgets pages and attributes of a file. Not from a thread of a request. */
  void invalidate(long node) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment m = arena.allocate(40, 8);
      m.set(JAVA_INT, 0, 40);
      m.set(JAVA_INT, 4, INVALIDATE_INODE);
      m.set(JAVA_LONG, 16, node);
      try {
        Libc.write(fd, m);
      } catch (Errno e) {
        LOG.log(Level.FINE, "The kernel does not know this file", e); // so it has nothing of it
      }
    }
  }

  /**
   * Ends the mount at once, whoever uses it.
   *
   * @param orderly whether to let the kernel write what it holds first, if nobody uses the mount
   */
  void unmount(boolean orderly) throws IOException {
    boolean done = false;
    if (orderly) {
      try {
        Libc.unmount(target, 0);
        done = true;
      } catch (Errno e) {
        LOG.log(Level.FINE, "In use: " + target, e); // then by force
      }
    }
    if (!done) {
      try {
        Libc.unmount(target, Libc.MNT_FORCE | Libc.MNT_DETACH);
      } catch (Errno e) {
        throw new IOException("Cannot unmount " + target + ": " + e.getMessage(), e);
      }
    }
    try {
      for (Thread thread : threads) {
        thread.join(JOIN_MS);
        if (thread.isAlive()) {
          throw new IOException("The mount on " + target + " does not end");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted while unmounting " + target, e);
    }
    Libc.close(fd);
  }
}
