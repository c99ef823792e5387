package dev.ashlar.chunkserver.store;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Keeps bytes in place while somebody reads them. Readers hold the generation that was open when
 * they began; whoever makes bytes unreachable retires them into it and so ends it. Once no reader
 * of it or an earlier generation is left, what it retired may be destroyed. Thread-safe; locks for
 * nanoseconds.
 *
 * <p>A reader must acquire before it looks up where bytes lie; bytes must be unreachable for new
 * look-ups before they are retired.
 */
final class Leases<T> {
  /** A reader's hold. Closing it twice is harmless. */
  final class Lease implements Runnable {
    private final Generation<T> generation;
    private boolean held = true;

    private Lease(Generation<T> generation) {
      this.generation = generation;
    }

    @Override
    public void run() {
      synchronized (Leases.this) {
        if (held) {
          held = false;
          generation.readers--;
        }
      }
    }
  }

  private static final class Generation<T> {
    private final List<T> retired = new ArrayList<>();
    private int readers;
  }

  private final Deque<Generation<T>> generations = new ArrayDeque<>(List.of(new Generation<T>()));

  synchronized Lease acquire() {
    Generation<T> last = generations.getLast();
    last.readers++;
    return new Lease(last);
  }

  synchronized void retire(T item) {
    Generation<T> last = generations.getLast();
    last.retired.add(item);
    if (last.readers > 0) {
      generations.add(new Generation<>());
    }
  }

  /** Takes what nobody can be reading any more. */
  synchronized List<T> destroyable() {
    List<T> free = new ArrayList<>();
    while (generations.getFirst().readers == 0) {
      free.addAll(generations.getFirst().retired);
      if (generations.size() == 1) {
        generations.getFirst().retired.clear();
        break;
      }
      generations.removeFirst();
    }
    return free;
  }

  /** Whether {@link #destroyable} may find something, now or later. */
  synchronized boolean waiting() {
    return generations.size() > 1 || !generations.getFirst().retired.isEmpty();
  }

  synchronized int readers() {
    int sum = 0;
    for (Generation<T> g : generations) {
      sum += g.readers;
    }
    return sum;
  }
}
