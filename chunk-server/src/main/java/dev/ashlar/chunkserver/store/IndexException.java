package dev.ashlar.chunkserver.store;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The index cannot be used. The log has everything that it had: opening the disk again builds it
 * anew.
 */
final class IndexException extends IOException {
  private static final long serialVersionUID = 1L;

  IndexException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
