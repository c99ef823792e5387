package dev.ashlar.chunkserver.rebuild;

import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.message.BlockPlace;
import dev.ashlar.protocol.message.ChunkReply.BlockInfo;
import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;

/**
 * The other chunk servers. Nothing here blocks; futures fail with AshlarException, at the latest
 * after a time limit of the implementation.
 */
public interface Peers {
  CompletableFuture<BlockInfo> stat(BlockPlace place, BlockKey block, BlockToken token);

  /**
   * The bytes from {@code offset} (a multiple of the slice size), not checked. The receiver
   * releases the buffer.
   */
  CompletableFuture<ByteBuf> read(
      BlockPlace place, BlockKey block, BlockToken token, long offset, int length);
}
