package dev.ashlar.master.raft;

/** A command or barrier that got no answer from the log. It may still be applied. */
public final class ReplicationException extends Exception {
  private static final long serialVersionUID = 1L;

  /** What the caller should do. */
  public enum Kind {
    /** Ask the leader. */
    NOT_LEADER,
    /** Ask again here, soon. */
    RETRY,
    /** The command can never be replicated. */
    REFUSED
  }

  private final Kind kind;

  public ReplicationException(Kind kind, String message) {
    super(message, null, false, false);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
