package dev.ashlar.chunkserver.server;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.Checksums;
import dev.ashlar.protocol.message.ChunkReply;
import dev.ashlar.protocol.message.ChunkRequest;
import dev.ashlar.protocol.rpc.Role;
import dev.ashlar.protocol.rpc.RpcClient;
import dev.ashlar.protocol.rpc.RpcReply;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Writes and reads blocks over real sockets, checking every checksum on the way. */
final class TestClient implements AutoCloseable {
  static final Duration LIMIT = Duration.ofSeconds(30);

  final RpcClient rpc = new RpcClient("test-client", Role.CHUNK_SERVER);

  ChunkReply call(ChunkServer server, ChunkRequest request, byte @Nullable [] payload)
      throws AshlarException {
    ByteBuf bytes =
        payload == null
            ? null
            : Unpooled.directBuffer(Math.max(1, payload.length)).writeBytes(payload);
    try (RpcReply reply = rpc.call(server.advertised(), request, bytes, LIMIT)) {
      return (ChunkReply) reply.message();
    }
  }

  /** Writes a whole block in pieces and seals it with the last one. */
  ChunkReply.Sealed put(
      ChunkServer server, long disk, BlockKey block, BlockToken token, byte[] bytes, int piece)
      throws AshlarException {
    int at = 0;
    while (true) {
      int n = Math.min(piece, bytes.length - at);
      byte[] part = Arrays.copyOfRange(bytes, at, at + n);
      boolean seal = at + n == bytes.length;
      ChunkReply reply =
          call(
              server,
              new ChunkRequest.WriteBlock(
                  block, disk, token.group(), token, 0, 0, at, crcs(part), seal),
              part);
      if (reply instanceof ChunkReply.Sealed s) {
        return s;
      }
      at += n;
    }
  }

  static int[] crcs(byte[] bytes) {
    return Checksums.slices(ByteBuffer.wrap(bytes));
  }

  /** The slices that cover a range; every one checked. */
  byte[] read(
      ChunkServer server, long disk, BlockKey block, BlockToken token, long offset, int length)
      throws AshlarException {
    try (RpcReply reply =
        rpc.call(
            server.advertised(),
            new ChunkRequest.ReadBlock(block, disk, token, offset, length),
            null,
            LIMIT)) {
      ChunkReply.BlockData data = (ChunkReply.BlockData) reply.message();
      byte[] bytes = new byte[reply.payload().readableBytes()];
      reply.payload().readBytes(bytes);
      boolean placed =
          bytes.length == 0
              || data.offset() == offset / BlockLayout.SLICE_BYTES * BlockLayout.SLICE_BYTES;
      if (!placed || !Arrays.equals(crcs(bytes), data.crcs())) {
        throw new AssertionError("Bytes of " + block + " do not match their checksums");
      }
      return bytes;
    }
  }

  @Override
  public void close() {
    rpc.close();
  }
}
