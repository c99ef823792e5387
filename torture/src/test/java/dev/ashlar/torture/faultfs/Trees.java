package dev.ashlar.torture.faultfs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Directory trees as values. */
final class Trees {
  private Trees() {}

  /** Relative path to contents; "dir" for a directory. */
  static SortedMap<String, String> of(Path root) throws IOException {
    SortedMap<String, String> tree = new TreeMap<>();
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.toList()) {
        String name = root.relativize(file).toString();
        if (Files.isDirectory(file)) {
          tree.put(name, "dir");
        } else {
          byte[] bytes = Files.readAllBytes(file);
          tree.put(name, bytes.length + ":" + digest(bytes));
        }
      }
    }
    return tree;
  }

  private static String digest(byte[] bytes) {
    java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
    crc.update(bytes);
    return HexFormat.of().toHexDigits(crc.getValue());
  }

  static byte[] bytes(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }
}
