package dev.ashlar.launcher;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.logging.ErrorManager;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;

/**
 * A log file that is set aside as NAME.1, replacing an older one, when it is full: never more than
 * twice the limit is used. If it cannot be written to (its disk may be full), lines are lost and
 * the program goes on. Thread-safe.
 */
final class BoundedLog extends Handler {
  private final Path file;
  private final long limitBytes;
  private @Nullable OutputStream out;
  private long bytes;

  BoundedLog(Path file, long limitBytes) throws IOException {
    this.file = file;
    this.limitBytes = limitBytes;
    setFormatter(new LogLine());
    Path parent = file.toAbsolutePath().getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    out = open();
  }

  private OutputStream open() throws IOException {
    bytes = Files.exists(file) ? Files.size(file) : 0;
    return Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  @Override
  public synchronized void publish(LogRecord record) {
    if (!isLoggable(record)) {
      return;
    }
    byte[] line = getFormatter().format(record).getBytes(StandardCharsets.UTF_8);
    try {
      OutputStream o = out == null ? open() : out;
      out = o;
      o.write(line);
      bytes += line.length;
      if (bytes >= limitBytes) {
        close();
        Files.move(
            file,
            file.resolveSibling(file.getFileName() + ".1"),
            StandardCopyOption.REPLACE_EXISTING);
      }
    } catch (IOException e) {
      close();
      reportError(null, e, ErrorManager.WRITE_FAILURE);
    }
  }

  @Override
  public void flush() {} // every line is written at once

  @Override
  public synchronized void close() {
    OutputStream o = out;
    out = null;
    if (o != null) {
      try {
        o.close();
      } catch (IOException e) {
        reportError(null, e, ErrorManager.CLOSE_FAILURE);
      }
    }
  }
}
