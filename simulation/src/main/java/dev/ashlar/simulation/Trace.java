package dev.ashlar.simulation;

import java.io.PrintStream;
import org.jspecify.annotations.Nullable;

/** A hash over everything that happened, in order; and on demand a line for each event. */
final class Trace {
  private static final long PRIME = 0x100000001b3L;

  private final @Nullable PrintStream out;
  private long hash = 0xcbf29ce484222325L;
  private long events;

  /**
   * @param out where events are told, null for nowhere
   */
  Trace(@Nullable PrintStream out) {
    this.out = out;
  }

  void note(long value) {
    long v = value;
    for (int i = 0; i < 2; i++) {
      hash = (hash ^ (v & 0xffffffffL)) * PRIME;
      hash ^= hash >>> 29;
      v >>>= 32;
    }
    events++;
  }

  /** An event with words. */
  void note(long nowNs, String what) {
    note(nowNs);
    note(what.hashCode());
    tell(nowNs, what);
  }

  /** Words that are not part of the hash. */
  void tell(long nowNs, String what) {
    if (out != null) {
      out.printf("%12.6f %s%n", nowNs / 1e9, what);
    }
  }

  boolean verbose() {
    return out != null;
  }

  long hash() {
    return hash;
  }

  long events() {
    return events;
  }
}
