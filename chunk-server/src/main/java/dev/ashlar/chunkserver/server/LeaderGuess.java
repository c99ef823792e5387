package dev.ashlar.chunkserver.server;

import java.util.ArrayList;
import java.util.List;

/**
 * Which master to ask next: the one that answered last, the one a follower names, else each in
 * turn. One thread.
 */
final class LeaderGuess {
  private final List<String> masters;
  private String current;
  private int hints;

  /**
   * @param masters client addresses, at least one
   */
  LeaderGuess(List<String> masters) {
    this.masters = new ArrayList<>(masters);
    current = masters.getFirst();
  }

  String current() {
    return current;
  }

  /** It answered as leader. */
  void leads() {
    hints = 0;
  }

  /**
   * It does not lead. A hint is followed, even to an address that was not configured (a master
   * added later), but not round in circles.
   *
   * @param hint the leader's address as the follower knows it, or empty
   */
  void notLeader(String hint) {
    if (hint.isEmpty() || hint.equals(current) || ++hints > masters.size()) {
      failed();
    } else {
      current = hint;
    }
  }

  /** It did not answer. */
  void failed() {
    hints = 0;
    current = masters.get((masters.indexOf(current) + 1) % masters.size());
  }
}
