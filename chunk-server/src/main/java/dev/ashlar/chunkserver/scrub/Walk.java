package dev.ashlar.chunkserver.scrub;

import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** Goes through the blocks of a disk in key order, a page at a time. One thread. */
final class Walk {
  private static final int PAGE = 256;

  private final BlockStore store;
  private final Deque<BlockEntry> page = new ArrayDeque<>();
  private boolean lastPage;

  Walk(BlockStore store) {
    this.store = store;
  }

  /**
   * The next block, which stays the next one until {@link #taken}; null at the end.
   *
   * @param after the last block taken, null before the first
   */
  @Nullable BlockEntry next(@Nullable BlockKey after) throws AshlarException {
    if (page.isEmpty() && !lastPage) {
      var blocks = store.list(after, PAGE);
      page.addAll(blocks.blocks());
      lastPage = !blocks.more();
    }
    return page.peek();
  }

  void taken() {
    page.poll();
  }

  /** From the first block again. */
  void restart() {
    page.clear();
    lastPage = false;
  }
}
