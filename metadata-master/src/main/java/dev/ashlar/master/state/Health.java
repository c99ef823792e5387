package dev.ashlar.master.state;

/** What the leader thinks of a disk now. Soft state. */
public enum Health {
  /** In service. */
  UP,
  /** In service for reading and deleting; has no room. */
  FULL,
  /** Its server is silent, or this leader is too new to know: no new blocks, no verdict yet. */
  SUSPECT,
  /**
   * Its server is silent for longer than down-after: its blocks are rebuilt elsewhere, and used
   * again if it returns.
   */
  DOWN,
  /** Failed, or its server no longer lists it: nothing on it can be counted on. */
  LOST;

  public boolean readable() {
    return this == UP || this == FULL;
  }

  /** Whether its blocks should be rebuilt elsewhere. */
  public boolean gone() {
    return this == DOWN || this == LOST;
  }
}
