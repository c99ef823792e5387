package dev.ashlar.chunkserver.store;

import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Silences the store for tests that break it thousands of times. */
final class QuietLog implements BeforeAllCallback, AfterAllCallback {
  /** Held, since a logger that nobody holds forgets its level. */
  private static final Logger STORE = Logger.getLogger("dev.ashlar.chunkserver.store");

  @Override
  public void beforeAll(ExtensionContext context) {
    STORE.setLevel(Level.OFF);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    STORE.setLevel(null);
  }
}
