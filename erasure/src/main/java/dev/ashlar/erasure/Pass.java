package dev.ashlar.erasure;

/**
 * A generated loop: adds the products of a few sources into, or writes them to, at most four
 * targets. Reads native memory by address.
 */
interface Pass {
  /**
   * Works on {@code bytes} bytes from {@code offset} of each shard.
   *
   * @param sources addresses, of which those from {@code firstSource} are read
   * @param targets addresses, of which those from {@code firstTarget} are written
   * @param bytes a multiple of {@link Scheme#stepBytes}
   * @param tables address of the tables that {@link PassTables} wrote for this shape
   */
  void run(
      long[] sources,
      int firstSource,
      long[] targets,
      int firstTarget,
      long offset,
      int bytes,
      long tables);
}
