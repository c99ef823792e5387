package dev.ashlar.protocol;

import java.io.IOException;

/** An operation that failed for a reason with a name. The message is one sentence for a person. */
public final class AshlarException extends IOException {
  private static final long serialVersionUID = 1L;
  private final ErrorCode code;

  public AshlarException(ErrorCode code, String message) {
    super(message);
    this.code = code;
  }

  public AshlarException(ErrorCode code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /** Never null, unlike that of other exceptions. */
  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }

  public ErrorCode code() {
    return code;
  }
}
