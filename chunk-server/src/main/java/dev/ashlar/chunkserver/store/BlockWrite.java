package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.BlockKey;

/**
 * Where the bytes of a write belong.
 *
 * @param group placement group of the chunk
 * @param epoch lease epoch of the writer; 0 for writes that the master ordered under no lease
 *     (rebuild), which no fence stops
 * @param base version whose first {@code keep} bytes this version shares, 0 for none; looked at by
 *     the first write and by the seal
 * @param keep bytes shared with base, a multiple of the slice size
 * @param offset of the first byte from the start of the block, a multiple of the slice size
 * @param crcs CRC32C of each slice of the payload, as the writer computed them; not changed
 *     afterwards
 */
public record BlockWrite(
    BlockKey block, long group, long epoch, long base, long keep, long offset, int[] crcs) {}
