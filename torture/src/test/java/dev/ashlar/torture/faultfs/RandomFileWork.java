package dev.ashlar.torture.faultfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Random;

/** Ordinary work with files, the same on any directory for the same seed. */
final class RandomFileWork {
  private static final int NAMES = 6;
  private final Path root;
  private final Random random;

  RandomFileWork(Path root, long seed) {
    this.root = root;
    this.random = new Random(seed);
  }

  private Path file() {
    int n = random.nextInt(NAMES);
    return root.resolve(n < 2 ? "d" + n + "/f" + random.nextInt(3) : "f" + n);
  }

  /** One step; what it needs and is not there is made or left out. */
  void step() throws IOException {
    Path file = file();
    int what = random.nextInt(12);
    Path other = file();
    long at = random.nextInt(40_000);
    byte[] bytes = Trees.bytes(random, 1 + random.nextInt(20_000));
    boolean sync = random.nextInt(3) == 0;
    if (what < 6) {
      Files.createDirectories(file.getParent());
      try (FileChannel c =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        if (what == 0) {
          c.truncate(at);
        } else if (what == 1) {
          c.write(ByteBuffer.wrap(bytes), c.size());
        } else {
          c.write(ByteBuffer.wrap(bytes), at);
        }
        if (sync) {
          c.force(false);
        }
      }
    } else if (what == 6) {
      Files.deleteIfExists(file);
    } else if (what == 7 && Files.exists(file) && !file.equals(other)) {
      Files.createDirectories(other.getParent());
      Files.move(file, other, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } else if (what == 8 && Files.exists(file)) {
      allocate(file, at, bytes.length);
    } else if (what == 9) {
      Path from = root.resolve("d" + random.nextInt(3));
      Path to = root.resolve("d" + random.nextInt(3));
      if (Files.exists(from) && !Files.exists(to)) {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
      }
    } else if (what == 10) {
      unlinkedButOpen(root.resolve("gone"), bytes);
    } else if (sync) {
      try (FileChannel c = FileChannel.open(root, StandardOpenOption.READ)) {
        c.force(true);
      }
    }
  }

  private void allocate(Path file, long at, int length) {
    int fd = Libc.open(file, Libc.O_RDWR, 0);
    int mode =
        switch (random.nextInt(3)) {
          case 0 -> 0;
          case 1 -> Libc.FALLOC_KEEP_SIZE;
          default -> Libc.FALLOC_KEEP_SIZE | Libc.FALLOC_PUNCH_HOLE;
        };
    Libc.fallocate(fd, mode, at, length);
    Libc.close(fd);
  }

  private static void unlinkedButOpen(Path file, byte[] bytes) throws IOException {
    try (FileChannel c =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      Files.delete(file);
      c.write(ByteBuffer.wrap(bytes), 0);
      ByteBuffer read = ByteBuffer.allocate(bytes.length);
      c.read(read, 0);
      if (!read.flip().equals(ByteBuffer.wrap(bytes)) || c.size() != bytes.length) {
        throw new AssertionError("A removed file that is open lost its bytes");
      }
    }
  }
}
