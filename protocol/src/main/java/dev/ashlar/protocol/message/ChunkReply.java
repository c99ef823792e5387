package dev.ashlar.protocol.message;

import java.util.List;

/** What a chunk server answers. */
public sealed interface ChunkReply extends Message {
  /**
   * Received and checked, not yet durable.
   *
   * @param length of the block so far
   */
  @Tag(600)
  record Written(long length) implements ChunkReply {}

  /**
   * Durable as a whole.
   *
   * @param root CRC root over all slices
   * @param crcs every slice of the block, kept ones included, if it shares any with a base; else
   *     empty
   */
  @Tag(601)
  record Sealed(long length, int root, int[] crcs) implements ChunkReply {}

  /**
   * The payload is the bytes.
   *
   * @param offset of the first payload byte, a multiple of the slice size
   * @param crcs CRC32C of each slice of the payload, as the writer computed them
   */
  @Tag(602)
  record BlockData(long offset, int[] crcs, long blockLength) implements ChunkReply {}

  @Tag(603)
  record BlockInfo(long length, int root, int[] crcs, boolean sealed, long epoch)
      implements ChunkReply {}

  @Tag(604)
  record Blocks(List<MasterRequest.BlockEntry> blocks, boolean more) implements ChunkReply {}

  @Tag(605)
  record ServerState(String server, List<MasterRequest.DiskReport> disks) implements ChunkReply {}
}
