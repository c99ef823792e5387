package dev.ashlar.launcher;

import java.io.IOException;
import java.nio.file.Path;
import java.util.logging.ConsoleHandler;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.Logger;

/**
 * Where log lines of this process go. The loggers are java.util.logging's, reached through SLF4J.
 */
final class Logs {
  /** Held, since java.util.logging forgets levels of loggers that nobody holds. */
  private static final Logger ROOT = Logger.getLogger("");

  private static final Logger RATIS = Logger.getLogger("org.apache.ratis");
  private static final Logger OWN = Logger.getLogger("dev.ashlar");

  private Logs() {}

  /**
   * A command that a person waits for tells what matters in its own words: nothing is logged, or to
   * debug, all to standard error.
   */
  static void ofCommand(boolean debug) {
    LogManager.getLogManager().reset();
    if (debug) {
      ConsoleHandler handler = new ConsoleHandler();
      handler.setFormatter(new LogLine());
      handler.setLevel(Level.ALL);
      install(handler);
    } else {
      ROOT.setLevel(Level.OFF);
    }
  }

  /** A server in the foreground. */
  static void toStandardError() {
    LogManager.getLogManager().reset();
    ConsoleHandler handler = new ConsoleHandler();
    handler.setFormatter(new LogLine());
    install(handler);
  }

  /** A server with a log file, bounded in size. */
  static void toFile(Path file, long limitBytes) throws IOException {
    LogManager.getLogManager().reset();
    install(new BoundedLog(file, limitBytes));
  }

  private static void install(Handler handler) {
    ROOT.setLevel(Level.WARNING);
    OWN.setLevel(Level.INFO);
    RATIS.setLevel(Level.WARNING);
    ROOT.addHandler(handler);
  }
}
