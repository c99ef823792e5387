package dev.ashlar.master.store;

import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;

/**
 * A bounded pool of direct buffers for keys: transactions are short and many, direct memory is slow
 * to get. Thread-safe.
 */
final class KeyBuffers {
  /** LMDB's limit. */
  static final int KEY_BYTES = 511;

  private final ArrayBlockingQueue<ByteBuffer> free = new ArrayBlockingQueue<>(64);

  ByteBuffer take() {
    ByteBuffer b = free.poll();
    return b == null ? ByteBuffer.allocateDirect(KEY_BYTES) : b;
  }

  void give(ByteBuffer b) {
    free.offer(b);
  }
}
