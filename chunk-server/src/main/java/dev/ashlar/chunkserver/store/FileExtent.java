package dev.ashlar.chunkserver.store;

import java.nio.channels.FileChannel;

/**
 * Bytes of a file, good as long as the {@link BlockBytes} they came with is open. The channel
 * belongs to the store: never close or move it.
 */
public record FileExtent(FileChannel channel, long position, int length) {}
