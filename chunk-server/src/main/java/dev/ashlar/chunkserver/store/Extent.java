package dev.ashlar.chunkserver.store;

/**
 * Bytes in the log.
 *
 * @param address of the first byte, see {@link Address}
 */
record Extent(long address, int length) {
  long end() {
    return address + length;
  }
}
