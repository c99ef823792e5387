package dev.ashlar.chunkserver.store;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How many bytes of each segment are in use, and how many it takes on disk. Disk's thread only; the
 * sum is read by all.
 */
final class SpaceMap {
  private static final class Use {
    private long live;
    private long allocated;
  }

  private final Map<Integer, Use> segments = new HashMap<>();
  private final AtomicLong allocated = new AtomicLong();

  /** Bytes on disk of all segments. */
  long allocated() {
    return allocated.get();
  }

  /** Bytes on disk of a segment. */
  long allocated(int segment) {
    return use(segment).allocated;
  }

  void allocated(int segment, long bytes) {
    Use use = use(segment);
    allocated.addAndGet(bytes - use.allocated);
    use.allocated = bytes;
  }

  /** Bytes of blocks, shared ones counted once. */
  long live(int segment) {
    return use(segment).live;
  }

  /** Notes bytes as used (sign 1) or not used any more (sign -1). */
  void live(Extent extent, int sign) {
    use(Address.segment(extent.address())).live += (long) sign * extent.length();
  }

  void drop(int segment) {
    Use use = segments.remove(segment);
    if (use != null) {
      allocated.addAndGet(-use.allocated);
    }
  }

  private Use use(int segment) {
    return segments.computeIfAbsent(segment, s -> new Use());
  }
}
