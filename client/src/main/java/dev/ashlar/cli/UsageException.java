package dev.ashlar.cli;

/** The arguments make no sense. The message is one sentence for the person who typed them. */
public final class UsageException extends Exception {
  private static final long serialVersionUID = 1L;

  public UsageException(String message) {
    super(message);
  }

  public UsageException(String message, Throwable cause) {
    super(message, cause);
  }
}
