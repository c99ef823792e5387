package dev.ashlar.client;

import java.util.Arrays;

/** A growing list of ints. For one thread. */
final class IntList {
  private int[] values = new int[16];
  private int size;

  int size() {
    return size;
  }

  void addAll(int[] more) {
    if (size + more.length > values.length) {
      values = Arrays.copyOf(values, Math.max(values.length * 2, size + more.length));
    }
    System.arraycopy(more, 0, values, size, more.length);
    size += more.length;
  }

  void set(int[] all) {
    values = all.clone();
    size = all.length;
  }

  int[] toArray() {
    return Arrays.copyOf(values, size);
  }
}
