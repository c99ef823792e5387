package dev.ashlar.client;

import java.util.concurrent.atomic.LongAdder;

/** What happened in a client since it was connected. Thread-safe; the counters only grow. */
public final class ClientStats {
  private final LongAdder blockReads = new LongAdder();
  private final LongAdder hedgedReads = new LongAdder();
  private final LongAdder decodedRanges = new LongAdder();
  private final LongAdder corruptBlocks = new LongAdder();
  private final LongAdder givenUpBlocks = new LongAdder();
  private final LongAdder restartedChunks = new LongAdder();

  /** Reads that were sent to chunk servers. */
  public long blockReads() {
    return blockReads.sum();
  }

  /** Of these, those that were sent to a further server because one was late. */
  public long hedgedReads() {
    return hedgedReads.sum();
  }

  /** Ranges that were computed from parity because a block was lost, late or corrupt. */
  public long decodedRanges() {
    return decodedRanges.sum();
  }

  /** Blocks received that did not match their checksums. */
  public long corruptBlocks() {
    return corruptBlocks.sum();
  }

  /**
   * Blocks that were left out of a chunk because their server failed or was too slow while writing.
   */
  public long givenUpBlocks() {
    return givenUpBlocks.sum();
  }

  /** Chunks that were sent again to other servers because too many of theirs failed. */
  public long restartedChunks() {
    return restartedChunks.sum();
  }

  void asked() {
    blockReads.increment();
  }

  void hedged() {
    hedgedReads.increment();
  }

  void decoded() {
    decodedRanges.increment();
  }

  void corrupt() {
    corruptBlocks.increment();
  }

  void gaveUp() {
    givenUpBlocks.increment();
  }

  void restarted() {
    restartedChunks.increment();
  }
}
