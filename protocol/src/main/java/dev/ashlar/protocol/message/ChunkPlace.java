package dev.ashlar.protocol.message;

import dev.ashlar.protocol.BlockToken;
import java.util.List;

/**
 * One chunk of a file and where its blocks are.
 *
 * @param index position in the file: it covers bytes from index * chunkBytes
 * @param version of the chunk; for a writer the one to write
 * @param base for a writer: the committed version it may share leading stripes with, 0 if there is
 *     none
 * @param storedLength bytes that were encoded (of {@code version}, or of {@code base} for a writer)
 * @param validLength bytes that belong to the file (a truncation leaves storedLength alone); the
 *     rest up to the chunk's end reads as zeros
 * @param blocks one per block of the policy, in order
 * @param roots CRC root of each block, see {@link dev.ashlar.protocol.Checksums#root}; empty for a
 *     writer
 */
public record ChunkPlace(
    int index,
    long chunk,
    long version,
    long base,
    long storedLength,
    long validLength,
    long group,
    long groupEpoch,
    List<BlockPlace> blocks,
    int[] roots,
    BlockToken token) {}
