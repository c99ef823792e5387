package dev.ashlar.protocol.rpc;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Bounds the requests, and the bytes of their payloads, that wait to be sent. Thread-safe. */
final class QueueLimit {
  private final Semaphore requests;
  private final Semaphore bytes;
  private final int mostBytes;

  QueueLimit(int requests, int bytes) {
    this.requests = new Semaphore(requests);
    this.bytes = new Semaphore(bytes);
    this.mostBytes = bytes;
  }

  /**
   * Lets a request in if there is room now. A payload larger than the whole limit counts as the
   * whole limit.
   */
  boolean enter(int payloadBytes) {
    if (!requests.tryAcquire()) {
      return false;
    }
    if (bytes.tryAcquire(Math.min(payloadBytes, mostBytes))) {
      return true;
    }
    requests.release();
    return false;
  }

  /** Waits for room. */
  boolean enter(int payloadBytes, long timeoutNs) throws InterruptedException {
    long deadline = System.nanoTime() + timeoutNs;
    if (!requests.tryAcquire(timeoutNs, TimeUnit.NANOSECONDS)) {
      return false;
    }
    boolean entered = false;
    try {
      entered =
          bytes.tryAcquire(
              Math.min(payloadBytes, mostBytes),
              deadline - System.nanoTime(),
              TimeUnit.NANOSECONDS);
    } finally {
      if (!entered) {
        requests.release();
      }
    }
    return entered;
  }

  void leave(int payloadBytes) {
    requests.release();
    bytes.release(Math.min(payloadBytes, mostBytes));
  }
}
