package dev.ashlar.chunkserver.rebuild;

/**
 * A block that is read for a rebuild and whose checksums were proven against the committed root.
 *
 * @param index of the block
 * @param crcs CRC32C of every slice
 */
record Source(int index, int[] crcs) {}
