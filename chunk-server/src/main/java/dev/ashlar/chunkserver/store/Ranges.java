package dev.ashlar.chunkserver.store;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Arithmetic on extents. */
final class Ranges {
  private Ranges() {}

  /** The parts of {@code extents} that lie in none of {@code covers}. */
  static List<Extent> subtract(List<Extent> extents, List<Extent> covers) {
    if (covers.isEmpty()) {
      return extents;
    }
    List<Extent> cuts = merge(covers);
    List<Extent> left = new ArrayList<>();
    for (Extent e : extents) {
      long from = e.address();
      for (int i = firstEndingAfter(cuts, from);
          i < cuts.size() && cuts.get(i).address() < e.end();
          i++) {
        add(left, from, cuts.get(i).address());
        from = Math.max(from, cuts.get(i).end());
      }
      add(left, from, e.end());
    }
    return left;
  }

  /**
   * Sorted, with what touches or overlaps joined; never across segments, since no two segments
   * touch.
   */
  static List<Extent> merge(List<Extent> extents) {
    List<Extent> sorted = new ArrayList<>(extents);
    sorted.sort(Comparator.comparingLong(Extent::address));
    List<Extent> merged = new ArrayList<>(sorted.size());
    for (Extent e : sorted) {
      Extent last = merged.isEmpty() ? null : merged.getLast();
      if (last != null && e.address() <= last.end()) {
        merged.set(
            merged.size() - 1,
            new Extent(last.address(), (int) (Math.max(last.end(), e.end()) - last.address())));
      } else {
        merged.add(e);
      }
    }
    return merged;
  }

  /** The first {@code length} bytes. */
  static List<Extent> prefix(List<Extent> extents, int length) {
    return slice(extents, 0, length);
  }

  /** Bytes {@code offset} to {@code offset + length} of the concatenation. */
  static List<Extent> slice(List<Extent> extents, int offset, int length) {
    List<Extent> out = new ArrayList<>();
    int at = 0;
    for (Extent e : extents) {
      int from = Math.max(offset, at);
      int to = Math.min(offset + length, at + e.length());
      if (from < to) {
        out.add(new Extent(e.address() + (from - at), to - from));
      }
      at += e.length();
    }
    return out;
  }

  static long bytes(List<Extent> extents) {
    long sum = 0;
    for (Extent e : extents) {
      sum += e.length();
    }
    return sum;
  }

  private static int firstEndingAfter(List<Extent> sorted, long address) {
    int low = 0;
    int high = sorted.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (sorted.get(middle).end() <= address) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private static void add(List<Extent> out, long from, long to) {
    if (from < to) {
      out.add(new Extent(from, (int) (to - from)));
    }
  }
}
