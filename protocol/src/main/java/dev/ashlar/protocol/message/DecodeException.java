package dev.ashlar.protocol.message;

import java.io.IOException;

/** Bytes that are not what {@link RecordCodec} writes: too short, out of range, unknown tag. */
public final class DecodeException extends IOException {
  private static final long serialVersionUID = 1L;

  public DecodeException(String message) {
    super(message);
  }
}
