package dev.ashlar.protocol;

/**
 * One server's share of one version of a chunk.
 *
 * @param chunk chunk id, never used twice
 * @param version the chunk's version, from 1
 * @param index position in the placement group, 0 to k+m-1; data blocks first
 */
public record BlockKey(long chunk, long version, int index) implements Comparable<BlockKey> {
  @Override
  public int compareTo(BlockKey o) {
    int c = Long.compare(chunk, o.chunk);
    if (c == 0) {
      c = Integer.compare(index, o.index);
    }
    return c == 0 ? Long.compare(version, o.version) : c;
  }

  @Override
  public String toString() {
    return "block " + Long.toHexString(chunk) + "." + index + " v" + version;
  }
}
