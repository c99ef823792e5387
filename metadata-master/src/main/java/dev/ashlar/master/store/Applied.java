package dev.ashlar.master.store;

/** How far in the Raft log a store is. An empty store is at (-1, -1). */
public record Applied(long term, long index) {
  public static final Applied NOTHING = new Applied(-1, -1);
}
