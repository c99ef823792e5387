package dev.ashlar.cli;

import java.io.IOException;

/** A command could not do what it was asked. The message is one sentence for a person. */
public final class FailedException extends IOException {
  private static final long serialVersionUID = 1L;

  public FailedException(String message) {
    super(message);
  }

  public FailedException(String message, Throwable cause) {
    super(message, cause);
  }
}
