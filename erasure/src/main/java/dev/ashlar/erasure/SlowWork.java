package dev.ashlar.erasure;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Bytes read on the slow path of one code, by the number of shards made of them: all plans that
 * make as many need the same passes of a kernel, so what one has done counts for the others.
 * Thread-safe.
 */
final class SlowWork {
  private final AtomicLongArray bytes = new AtomicLongArray(ErasureCode.MAX_SHARDS + 1);

  /** Counts, and returns what there is so far. */
  long add(int targets, long read) {
    return bytes.addAndGet(targets, read);
  }
}
