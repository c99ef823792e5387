package dev.ashlar.torture.faultfs;

import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Locks a file, changes it through memory, says so, and ends when its input does. */
final class MappingProcess {
  private MappingProcess() {}

  public static void main(String[] arguments) throws IOException {
    try (FileChannel c =
            FileChannel.open(
                Path.of(arguments[0]), StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileLock _ = c.lock()) {
      MappedByteBuffer map = c.map(FileChannel.MapMode.READ_WRITE, 0, c.size());
      map.put(7777, (byte) 42);
      System.out.print("1");
      System.out.flush();
      while (System.in.read() >= 0) {}
    }
  }
}
