package dev.ashlar.client;

import java.util.TreeSet;

/** Numbers of a session's commands, and below which of them all were answered. Thread-safe. */
final class SeqWindow {
  private final TreeSet<Long> open = new TreeSet<>();
  private long next = 1;

  /** A number for a new command, open until {@link #end}. */
  synchronized long begin() {
    open.add(next);
    return next++;
  }

  /** The command was answered or given up: it is never sent again. */
  synchronized void end(long seq) {
    open.remove(seq);
  }

  /** Every command below this was answered. */
  synchronized long ackedBelow() {
    return open.isEmpty() ? next : open.first();
  }
}
