package dev.ashlar.chunkserver;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;

/** What media do to bytes. */
public final class Damage {
  private Damage() {}

  /** Flips a bit {@code at} bytes after the place in the disk's files where these bytes lie. */
  public static void flipBit(Path disk, byte[] bytes, int at) throws IOException {
    try (Stream<Path> files = Files.walk(disk.resolve("log"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        int found = indexOf(Files.readAllBytes(file), bytes);
        if (found >= 0) {
          try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
            raw.seek(found + (long) at);
            raw.write(bytes[at] ^ 4);
          }
          return;
        }
      }
    }
    throw new AssertionError("The bytes are in no file of " + disk);
  }

  private static int indexOf(byte[] where, byte[] what) {
    for (int i = 0; i + what.length <= where.length; i++) {
      if (Arrays.equals(where, i, i + what.length, what, 0, what.length)) {
        return i;
      }
    }
    return -1;
  }
}
