package dev.ashlar.launcher;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;

/**
 * One line a record: time in UTC, level, thread, class, text; then the stack trace if there is one.
 * Line breaks in the text are escaped.
 */
final class LogLine extends Formatter {
  @Override
  public String format(LogRecord r) {
    StringBuilder line = new StringBuilder(200);
    line.append(r.getInstant().truncatedTo(java.time.temporal.ChronoUnit.MILLIS))
        .append(' ')
        .append(level(r.getLevel()))
        .append(" [");
    line.append(Thread.currentThread().getName())
        .append("] ")
        .append(shortName(r.getLoggerName()))
        .append(": ");
    line.append(formatMessage(r).replace("\r", "\\r").replace("\n", "\\n")).append('\n');
    if (r.getThrown() != null) {
      StringWriter trace = new StringWriter();
      r.getThrown().printStackTrace(new PrintWriter(trace));
      line.append(trace);
    }
    return line.toString();
  }

  private static String level(Level l) {
    int v = l.intValue();
    return v >= Level.SEVERE.intValue()
        ? "ERROR"
        : v >= Level.WARNING.intValue() ? "WARN " : v >= Level.INFO.intValue() ? "INFO " : "DEBUG";
  }

  private static String shortName(@org.jspecify.annotations.Nullable String logger) {
    return logger == null ? "" : logger.substring(logger.lastIndexOf('.') + 1);
  }
}
