package dev.ashlar.chunkserver.server;

import dev.ashlar.chunkserver.rebuild.Peers;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.BlockPlace;
import dev.ashlar.protocol.message.ChunkReply.BlockData;
import dev.ashlar.protocol.message.ChunkReply.BlockInfo;
import dev.ashlar.protocol.message.ChunkRequest;
import dev.ashlar.protocol.rpc.RpcReply;
import dev.ashlar.protocol.rpc.RpcSender;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * The other chunk servers over the network. Every request ends within the given time. Thread-safe.
 */
final class RpcPeers implements Peers {
  private final RpcSender client;
  private final Duration limit;

  /**
   * @param client for chunk servers, closed by its owner
   */
  RpcPeers(RpcSender client, Duration limit) {
    this.client = client;
    this.limit = limit;
  }

  @Override
  public CompletableFuture<BlockInfo> stat(BlockPlace place, BlockKey block, BlockToken token) {
    return client
        .send(place.server(), new ChunkRequest.StatBlock(block, place.disk(), token), null, limit)
        .thenApply(RpcPeers::info);
  }

  private static BlockInfo info(RpcReply reply) {
    try (reply) {
      if (reply.message() instanceof BlockInfo info) {
        return info;
      }
      throw unexpected(reply);
    }
  }

  @Override
  public CompletableFuture<ByteBuf> read(
      BlockPlace place, BlockKey block, BlockToken token, long offset, int length) {
    return client
        .send(
            place.server(),
            new ChunkRequest.ReadBlock(block, place.disk(), token, offset, length),
            null,
            limit)
        .thenApply(r -> data(r, offset));
  }

  private static ByteBuf data(RpcReply reply, long offset) {
    if (reply.message() instanceof BlockData data && data.offset() == offset) {
      return reply.payload();
    }
    try (reply) {
      throw unexpected(reply);
    }
  }

  private static CompletionException unexpected(RpcReply reply) {
    return new CompletionException(
        new AshlarException(ErrorCode.INTERNAL, "A chunk server answered with " + reply.message()));
  }
}
