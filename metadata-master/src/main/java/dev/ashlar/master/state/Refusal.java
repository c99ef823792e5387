package dev.ashlar.master.state;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ErrorReply;

/**
 * A command cannot be done, for a reason that its sender is told. Thrown before anything is
 * written.
 */
final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private final ErrorCode code;

  Refusal(ErrorCode code, String sentence) {
    super(sentence, null, false, false);
    this.code = code;
  }

  ErrorCode code() {
    return code;
  }

  ErrorReply reply() {
    return new ErrorReply(code, sentence());
  }

  AshlarException exception() {
    return new AshlarException(code, sentence());
  }

  private String sentence() {
    String s = getMessage();
    return s == null ? code.name() : s;
  }
}
