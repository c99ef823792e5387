package dev.ashlar.protocol.message;

import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;

/**
 * Bytes that are not what {@link RecordCodec} writes: too short, out of range, unknown tag. The
 * only exception that bad bytes lead to.
 */
public final class DecodeException extends IOException {
  private static final long serialVersionUID = 1L;
  private final ErrorCode code;

  public DecodeException(String message) {
    this(ErrorCode.INVALID, message);
  }

  public DecodeException(ErrorCode code, String message) {
    super(message);
    this.code = code;
  }

  public DecodeException(ErrorCode code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /** UNSUPPORTED_VERSION for a tag or enum value that a later version may know, else INVALID. */
  public ErrorCode code() {
    return code;
  }
}
