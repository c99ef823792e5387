package dev.ashlar.chunkserver.store;

import java.io.IOException;

/** The file system is full: an operating condition, not a broken disk. */
public final class NoSpaceException extends IOException {
  private static final long serialVersionUID = 1L;

  NoSpaceException(String message) {
    super(message);
  }

  public NoSpaceException(String message, Throwable cause) {
    super(message, cause);
  }
}
