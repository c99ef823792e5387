package dev.ashlar.protocol.message;

/**
 * What a writer says of one chunk when it commits.
 *
 * @param length bytes encoded and valid
 * @param onMember bit i: block i is durable on the group's member (or is absent because it has no
 *     byte)
 * @param onReplacement bit i: block i is durable on the disk that replaces the member
 * @param roots CRC root of each block of the whole version
 */
public record CommittedChunk(
    int index,
    long chunk,
    long version,
    long length,
    long group,
    long groupEpoch,
    long onMember,
    long onReplacement,
    int[] roots) {}
