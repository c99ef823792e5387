package dev.ashlar.simulation;

import java.util.Locale;

/**
 * Something that goes wrong.
 *
 * @param round in which it does
 * @param atNs since the round began
 * @param target number of the machine, see {@link Cluster}
 * @param a what it means depends on the kind
 * @param forNs how long it lasts
 */
record Fault(int round, long atNs, Kind kind, int target, int a, long forNs) {
  /** What goes wrong, and whether that harms data that was synced. */
  enum Kind {
    KILL(false),
    POWER_CUT(false),
    SITE_POWER_CUT(false),
    /** Several chunk servers are away, perhaps more than the policies tolerate, and come back. */
    OUTAGE(false),
    KILL_AT_IO(false),
    POWER_CUT_AT_IO(false),
    KILL_AT_MESSAGE(false),
    PAUSE(false),
    PARTITION(false),
    ONE_WAY(false),
    ISOLATE(false),
    BAD_WEATHER(false),
    /** Payloads arrive with wrong bits. */
    PAYLOAD_FLIPS(false),
    REPLAY(false),
    CLOCK_JUMP(false),
    SLOW_DISK(false),
    FULL_DISK(false),
    LEADER_KILL(false),
    FORGETFUL_LEADER(false),
    READ_ERRORS(true),
    WRITE_ERRORS(true),
    SYNC_ERROR(true),
    /** Reads answer wrong bits; on the media all is well. */
    READ_FLIPS(true),
    BIT_FLIPS(true),
    LOST_WRITES(true),
    MISDIRECTED_WRITES(true),
    DISK_LOSS(true);

    private final boolean damage;

    Kind(boolean damage) {
      this.damage = damage;
    }

    boolean damage() {
      return damage;
    }
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "round %d at %.3f s: %s target=%d a=%d for %.3f s",
        round,
        atNs / 1e9,
        kind,
        target,
        a,
        forNs / 1e9);
  }
}
