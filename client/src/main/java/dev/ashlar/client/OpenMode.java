package dev.ashlar.client;

/** What a file is opened for. */
public enum OpenMode {
  READ,
  /** Writing at the end (the only place this version writes to), and reading. Takes the lease. */
  WRITE,
  /** As WRITE; kept apart for callers that append whatever the offset. */
  APPEND
}
