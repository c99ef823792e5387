package dev.ashlar.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BoundedLogTest {
  @TempDir Path dir;

  @Test
  void neverUsesMoreThanTwiceItsLimit() throws IOException {
    Path file = dir.resolve("logs/server-1.log");
    BoundedLog log = new BoundedLog(file, 1_000);
    for (int i = 0; i < 200; i++) {
      log.publish(new LogRecord(Level.INFO, "line number " + i));
      long used =
          (Files.exists(file) ? Files.size(file) : 0)
              + (Files.exists(dir.resolve("logs/server-1.log.1"))
                  ? Files.size(dir.resolve("logs/server-1.log.1"))
                  : 0);
      assertTrue(used < 2_500, () -> used + " bytes");
    }
    log.close();
    String last =
        Files.readString(dir.resolve("logs/server-1.log.1"))
            + (Files.exists(file) ? Files.readString(file) : "");
    assertTrue(last.contains("line number 199"), last);
  }

  @Test
  void aLineStaysALine() throws IOException {
    Path file = dir.resolve("x.log");
    BoundedLog log = new BoundedLog(file, 1 << 20);
    log.publish(new LogRecord(Level.WARNING, "two\nlines"));
    log.close();
    assertEquals(1, Files.readAllLines(file).size());
    assertTrue(Files.readString(file).contains("two\\nlines"));
  }
}
