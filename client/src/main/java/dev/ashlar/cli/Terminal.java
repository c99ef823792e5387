package dev.ashlar.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a command talks to. Text is UTF-8. The streams belong to the process and are not closed.
 *
 * @param out text, buffered: flushed when a command ends
 * @param bytes the same place as out, for bytes, unbuffered: flush out before using it
 * @param outIsTerminal whether a person watches {@code out}
 * @param errIsTerminal whether a person watches {@code err}: only then is progress shown
 */
public record Terminal(
    InputStream in,
    PrintStream out,
    WritableByteChannel bytes,
    PrintStream err,
    boolean outIsTerminal,
    boolean errIsTerminal,
    Map<String, String> environment) {
  private static final int BUFFER_BYTES = 64 << 10;

  /**
   * That of this process.
   *
   * @param err where errors go
   * @param outIsTerminal what the start script found out, as Java cannot tell the streams apart
   * @param errIsTerminal the same
   */
  public static Terminal ofProcess(PrintStream err, boolean outIsTerminal, boolean errIsTerminal) {
    FileOutputStream raw = new FileOutputStream(FileDescriptor.out);
    PrintStream out =
        new PrintStream(new BufferedOutputStream(raw, BUFFER_BYTES), false, StandardCharsets.UTF_8);
    return new Terminal(
        new FileInputStream(FileDescriptor.in),
        out,
        raw.getChannel(),
        err,
        outIsTerminal,
        errIsTerminal,
        System.getenv());
  }

  /** The same without anybody watching: no progress is shown. */
  public Terminal unwatched() {
    return new Terminal(in, out, bytes, err, outIsTerminal, false, environment);
  }

  /** A variable of the environment, null if unset or empty. */
  public @Nullable String variable(String name) {
    String value = environment.get(name);
    return value == null || value.isEmpty() ? null : value;
  }

  /**
   * Text that came from elsewhere, such as a file's name, made harmless for a terminal: control
   * characters become '?'. Unchanged in a pipe.
   */
  public String printable(String text) {
    return outIsTerminal ? harmless(text) : text;
  }

  /** As {@link #printable}, always. */
  public static String harmless(String text) {
    StringBuilder clean = null;
    for (int i = 0; i < text.length(); i++) {
      if (Character.isISOControl(text.charAt(i))) {
        clean = clean == null ? new StringBuilder(text) : clean;
        clean.setCharAt(i, '?');
      }
    }
    return clean == null ? text : clean.toString();
  }
}
