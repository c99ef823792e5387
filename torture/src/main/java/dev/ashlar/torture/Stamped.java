package dev.ashlar.torture;

import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.FileReader;
import dev.ashlar.client.FileWriter;
import dev.ashlar.client.StageOptions;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;

/**
 * Contents that say which write made them: every byte follows from a stamp and a size, so any read
 * can be checked alone.
 */
public record Stamped(int stamp, int size) {
  private static final int MOST_ATTEMPTS = 3;

  /** Sizes that matter: nothing, inside a slice, a cell, a stripe, several stripes. */
  public static Stamped random(Random random, int stamp) {
    int size =
        switch (random.nextInt(5)) {
          case 0 -> 8;
          case 1 -> 8 + random.nextInt(16 << 10);
          case 2 -> 8 + random.nextInt(200_000);
          case 3 -> 8 + random.nextInt(1_500_000);
          default -> 64 << 10;
        };
    return new Stamped(stamp, size);
  }

  public byte[] bytes() {
    byte[] bytes = new byte[size];
    new Random(stamp).nextBytes(bytes);
    ByteBuffer.wrap(bytes).putInt(stamp).putInt(size);
    return bytes;
  }

  public void put(AshlarFileSystem files, long parent, String name) throws IOException {
    put(files, parent, name, StageOptions.DEFAULT);
  }

  /**
   * As {@link #put(AshlarFileSystem, long, String)}. As the library asks of those who stream, it
   * writes again what was refused because its disks went while it was written.
   */
  public void put(AshlarFileSystem files, long parent, String name, StageOptions options)
      throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        write(files, parent, name, options);
        return;
      } catch (AshlarException e) {
        if (e.code() != ErrorCode.CONFLICT || attempt == MOST_ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  private void write(AshlarFileSystem files, long parent, String name, StageOptions options)
      throws IOException {
    try (FileWriter writer = files.stage(parent, name, options)) {
      writer.write(ByteBuffer.wrap(bytes()));
      writer.commit();
    }
  }

  /**
   * Reads a whole file and says which write it shows; an AssertionError if it is not exactly one.
   */
  public static Stamped read(AshlarFileSystem files, long inode) throws IOException {
    try (FileReader reader = files.reader(inode)) {
      ByteBuffer content = ByteBuffer.allocate((int) reader.size());
      int offset = 0;
      while (content.hasRemaining()) {
        int count = reader.read(offset, content);
        if (count < 0) {
          throw new AssertionError("Ends after " + offset + " of " + reader.size() + " bytes");
        }
        offset += count;
      }
      content.flip();
      Stamped seen = new Stamped(content.getInt(0), content.getInt(4));
      if (seen.size != content.limit() || !ByteBuffer.wrap(seen.bytes()).equals(content)) {
        throw new AssertionError(
            "Not the bytes of one write: stamp " + seen + ", " + content.limit() + " bytes");
      }
      return seen;
    }
  }
}
