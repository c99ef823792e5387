package dev.ashlar.protocol.message;

import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockToken;

/** What a chunk server is asked. */
public sealed interface ChunkRequest extends Message {
  /**
   * Adds bytes (the frame's payload) to the end of a staged block. Writes of one block come in
   * order of offset; a repeated write of the same bytes is answered as done. Only the last write of
   * a block may end inside a slice.
   *
   * @param base version whose first {@code keep} bytes this version shares, 0 for none; looked at
   *     when offset == keep (the first write)
   * @param keep bytes shared with base, a multiple of the slice size
   * @param offset where the payload goes, from the start of the block, a multiple of the slice size
   * @param crcs CRC32C of each slice of the payload
   * @param seal this is the last write: sync, then answer with {@link ChunkReply.Sealed}; otherwise
   *     answered by {@link ChunkReply.Written} (not yet durable)
   */
  @Tag(500)
  record WriteBlock(
      BlockKey block,
      long disk,
      long group,
      BlockToken token,
      long base,
      long keep,
      long offset,
      int[] crcs,
      boolean seal)
      implements ChunkRequest {}

  /**
   * Makes a staged block of exactly this length durable. Also makes a block that only shares
   * (length == keep of base). Answered by Sealed.
   */
  @Tag(501)
  record SealBlock(
      BlockKey block, long disk, long group, BlockToken token, long base, long keep, long length)
      implements ChunkRequest {}

  /**
   * Bytes of a block; widened by the server to whole slices. Answered by {@link
   * ChunkReply.BlockData} with the bytes as payload.
   */
  @Tag(502)
  record ReadBlock(BlockKey block, long disk, BlockToken token, long offset, int length)
      implements ChunkRequest {}

  /** Length and checksums of a block. Answered by {@link ChunkReply.BlockInfo}. */
  @Tag(503)
  record StatBlock(BlockKey block, long disk, BlockToken token) implements ChunkRequest {}

  /**
   * Blocks of a disk after {@code after} in key order, at most {@code limit}. Needs a token for any
   * chunk. Answered by {@link ChunkReply.Blocks}.
   */
  @Tag(504)
  record ListBlocks(long disk, BlockToken token, BlockKey after, int limit)
      implements ChunkRequest {}

  /** Answered by {@link ChunkReply.ServerState}. */
  @Tag(505)
  record GetServerState() implements ChunkRequest {}
}
