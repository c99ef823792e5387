package dev.ashlar.cluster.crash;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Makes a master's directory look as if the machine had been started again since it was written:
 * what depends on that is marked with the id of another boot.
 */
final class Reboot {
  private static final String OTHER = "another boot";
  private static final int SLOT = 64;
  private static final int SECOND = 4096;
  private static final int BOOT = 16;
  private static final int CRC = SLOT - 4;

  private Reboot() {}

  static void pretend(Path dir) throws IOException {
    Path boot = dir.resolve("live").resolve("boot");
    if (Files.exists(boot)) {
      Files.writeString(boot, OTHER);
    }
    Path promises = dir.resolve("promises");
    if (Files.exists(promises)) {
      byte[] bytes = Files.readAllBytes(promises);
      for (int at = 0; at <= SECOND; at += SECOND) {
        if (at + SLOT <= bytes.length
            && crc(bytes, at) == ByteBuffer.wrap(bytes).getInt(at + CRC)) {
          Arrays.fill(bytes, at + BOOT, at + 2 * BOOT, (byte) 'x');
          ByteBuffer.wrap(bytes).putInt(at + CRC, crc(bytes, at));
        }
      }
      Files.write(promises, bytes);
    }
  }

  private static int crc(byte[] bytes, int at) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, at, CRC);
    return (int) crc.getValue();
  }
}
