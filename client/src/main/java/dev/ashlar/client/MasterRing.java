package dev.ashlar.client;

import java.util.ArrayList;
import java.util.List;

/**
 * Which master to ask next: the one that led last, or where it pointed to, or else each in turn.
 * Thread-safe.
 */
final class MasterRing {
  /** Bound on what hints can add. */
  private static final int MAX_MASTERS = 64;

  private final List<String> masters;
  private int current;

  MasterRing(List<String> masters) {
    this.masters = new ArrayList<>(masters);
  }

  synchronized String current() {
    return masters.get(current);
  }

  synchronized int size() {
    return masters.size();
  }

  synchronized List<String> all() {
    return List.copyOf(masters);
  }

  /** {@code address} did not answer: go on to the next, unless another thread already did. */
  synchronized void failed(String address) {
    if (masters.get(current).equals(address)) {
      current = (current + 1) % masters.size();
    }
  }

  /** {@code address} says that {@code leader} leads. Returns false if that tells nothing new. */
  synchronized boolean hint(String address, String leader) {
    if (leader.isEmpty() || leader.equals(address)) {
      return false;
    }
    int at = masters.indexOf(leader);
    if (at < 0) {
      if (masters.size() == MAX_MASTERS) {
        return false;
      }
      masters.add(leader);
      at = masters.size() - 1;
    }
    current = at;
    return true;
  }
}
