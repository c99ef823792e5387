package dev.ashlar.torture.faultfs;

import java.util.concurrent.atomic.AtomicLong;

/** Counts what a file system was asked, since it was mounted first. Thread-safe. */
public final class Activity {
  private final AtomicLong reads = new AtomicLong();
  private final AtomicLong writes = new AtomicLong();
  private final AtomicLong syncs = new AtomicLong();
  private final AtomicLong faults = new AtomicLong();
  private final AtomicLong failedSyncs = new AtomicLong();

  void read() {
    reads.incrementAndGet();
  }

  void write() {
    writes.incrementAndGet();
  }

  void sync() {
    syncs.incrementAndGet();
  }

  void fault() {
    faults.incrementAndGet();
  }

  void failedSync() {
    failedSyncs.incrementAndGet();
  }

  /** Requests to read, which what the kernel has cached needs not. */
  public long reads() {
    return reads.get();
  }

  /** Requests to write, cut, or set space aside. */
  public long writes() {
    return writes.get();
  }

  /** Syncs of files and directories, failed ones among them. */
  public long syncs() {
    return syncs.get();
  }

  /** Requests that a fault hit. */
  public long faults() {
    return faults.get();
  }

  /** The faults of before concern nobody any more: who met them is gone. */
  public void forgetFailedSyncs() {
    failedSyncs.set(0);
  }

  /** Syncs of files that failed, as far as not forgotten. */
  public long failedSyncs() {
    return failedSyncs.get();
  }
}
