package dev.ashlar.chunkserver.store;

import java.util.logging.Level;
import java.util.logging.Logger;

/** Silences the store for tests that break it thousands of times. */
final class QuietLog {
  /** Held, since a logger that nobody holds forgets its level. */
  private static final Logger STORE = Logger.getLogger("dev.ashlar.chunkserver.store");

  private QuietLog() {}

  static void on() {
    STORE.setLevel(Level.OFF);
  }

  static void off() {
    STORE.setLevel(null);
  }
}
