package dev.ashlar.simulation;

import org.jspecify.annotations.Nullable;

/** A promise that was broken. */
final class Violation extends RuntimeException {
  private static final long serialVersionUID = 1L;

  Violation(String what) {
    super(what);
  }

  Violation(String what, @Nullable Throwable cause) {
    super(what, cause);
  }
}
