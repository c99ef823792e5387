package dev.ashlar.master.raft;

/**
 * Until when this master knows that no other one leads: a majority that took an entry at some time
 * votes for nobody for an election timeout after that. So the lease runs from the moment an entry
 * that succeeded was <em>submitted</em>, and holds for that term only. Thread-safe.
 */
public final class ReadLease {
  private final long lengthNs;
  private final boolean enabled;
  private State state = new State(-1, 0);
  private boolean suspended;
  private long notBeforeNs;
  private boolean floor;

  private record State(long term, long fromNs) {}

  public ReadLease(long lengthNs, boolean enabled) {
    this.lengthNs = lengthNs;
    this.enabled = enabled;
  }

  /** An entry submitted at this time, in this term, was committed and applied here. */
  public synchronized void renew(long term, long submittedNs) {
    if (floor && submittedNs - notBeforeNs < 0) {
      return;
    }
    if (term > state.term || (term == state.term && submittedNs - state.fromNs > 0)) {
      state = new State(term, submittedNs);
    }
  }

  public synchronized boolean valid(long term, long nowNs) {
    return enabled && !suspended && term == state.term && nowNs - state.fromNs < lengthNs;
  }

  /** No lease from now on: leadership is being given away. */
  synchronized void suspend() {
    suspended = true;
    state = new State(-1, 0);
  }

  /** Leadership was not given away after all; only what is submitted from now on counts. */
  synchronized void resume(long nowNs) {
    suspended = false;
    floor = true;
    notBeforeNs = nowNs;
    state = new State(-1, 0);
  }
}
