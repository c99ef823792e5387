package dev.ashlar.master.state;

import dev.ashlar.master.state.Rows.ChunkRow;
import dev.ashlar.master.state.Rows.GroupCounts;
import dev.ashlar.protocol.Policy;

/** {@link GroupCounts} while they change. */
final class Counts {
  private long chunks;
  private long bytes;
  private final long[] stored;
  private final long[] missing;
  private final long[] replaced;

  Counts(GroupCounts from) {
    chunks = from.chunks();
    bytes = from.bytes();
    stored = from.stored().clone();
    missing = from.missing().clone();
    replaced = from.replaced().clone();
  }

  static GroupCounts none(int width) {
    return new GroupCounts(0, 0, new long[width], new long[width], new long[width]);
  }

  /** Adds a chunk ({@code sign} 1) or takes it away (-1). */
  void count(ChunkRow row, Policy policy, int sign) {
    chunks += sign;
    bytes += sign * row.storedLength();
    long mask = Chunks.stored(row, policy);
    for (int i = 0; i < stored.length; i++) {
      stored[i] += Chunks.has(mask, i) ? sign : 0;
      missing[i] += Chunks.has(mask & row.missing(), i) ? sign : 0;
      replaced[i] += Chunks.has(mask & row.onReplacement(), i) ? sign : 0;
    }
  }

  /** A replacement of this block ended with everything on the member. */
  void settled(int index) {
    missing[index] = 0;
    replaced[index] = 0;
  }

  /** A replacement of this block was given up. */
  void dropped(int index) {
    replaced[index] = 0;
  }

  GroupCounts row() {
    return new GroupCounts(chunks, bytes, stored.clone(), missing.clone(), replaced.clone());
  }
}
