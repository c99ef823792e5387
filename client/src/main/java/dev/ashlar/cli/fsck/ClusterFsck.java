package dev.ashlar.cli.fsck;

import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.ChunkReply;
import dev.ashlar.protocol.message.ChunkRequest;
import dev.ashlar.protocol.message.ClusterStatus;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterReply.BlockFate;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import dev.ashlar.protocol.message.MasterRequest.ScanFiles;
import dev.ashlar.protocol.rpc.Role;
import dev.ashlar.protocol.rpc.RpcClient;
import dev.ashlar.protocol.rpc.RpcReply;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@link FsckCluster} of a real cluster. Borrows the file system; owns its connections to chunk
 * servers.
 */
public final class ClusterFsck implements FsckCluster, AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final long TOKEN_RENEWAL_MS = 60_000;

  private final AshlarFileSystem fs;
  private final RpcClient servers = new RpcClient("fsck", Role.CHUNK_SERVER);
  private final StripeVerifier verifier = new StripeVerifier(this::read);
  private @Nullable BlockToken token;

  public ClusterFsck(AshlarFileSystem fs) {
    this.fs = fs;
  }

  /** One that is good for a while yet. */
  private synchronized BlockToken token() throws AshlarException {
    BlockToken t = token;
    if (t == null || t.expiresMs() - System.currentTimeMillis() < TOKEN_RENEWAL_MS) {
      t = fs.readAllToken();
      token = t;
    }
    return t;
  }

  private RpcReply ask(String server, ChunkRequest request) throws AshlarException {
    return servers.call(server, request, TIMEOUT);
  }

  private RpcReply read(String server, long disk, BlockKey block, long offset, int length)
      throws AshlarException {
    return ask(server, new ChunkRequest.ReadBlock(block, disk, token(), offset, length));
  }

  private static <T> T expect(RpcReply reply, Class<T> type) throws AshlarException {
    if (type.isInstance(reply.message())) {
      return type.cast(reply.message());
    }
    throw new AshlarException(
        ErrorCode.INTERNAL,
        "A chunk server answered with "
            + reply.message().getClass().getSimpleName()
            + " instead of "
            + type.getSimpleName());
  }

  @Override
  public ClusterStatus status() throws AshlarException {
    return fs.status();
  }

  @Override
  public MasterReply.Files scanFiles(ScanFiles asked) throws AshlarException {
    return fs.scanFiles(asked);
  }

  @Override
  public ChunkReply.Blocks listBlocks(String server, long disk, BlockKey after, int limit)
      throws AshlarException {
    try (RpcReply reply = ask(server, new ChunkRequest.ListBlocks(disk, token(), after, limit))) {
      return expect(reply, ChunkReply.Blocks.class);
    }
  }

  @Override
  public ChunkReply.BlockInfo statBlock(String server, long disk, BlockKey block)
      throws AshlarException {
    try (RpcReply reply = ask(server, new ChunkRequest.StatBlock(block, disk, token()))) {
      return expect(reply, ChunkReply.BlockInfo.class);
    }
  }

  @Override
  public List<BlockFate> fates(long disk, List<BlockEntry> blocks) throws AshlarException {
    return fs.explainBlocks(disk, List.copyOf(blocks));
  }

  @Override
  public List<String> verify(String policy, ChunkPlace chunk) throws AshlarException {
    return verifier.verify(policy, chunk);
  }

  @Override
  public void close() {
    servers.close();
  }
}
