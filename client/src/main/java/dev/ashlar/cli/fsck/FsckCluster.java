package dev.ashlar.cli.fsck;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.ChunkReply;
import dev.ashlar.protocol.message.ClusterStatus;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterReply.BlockFate;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import dev.ashlar.protocol.message.MasterRequest.ScanFiles;
import java.util.List;

/** What fsck asks of masters and chunk servers. Nothing here changes anything. Thread-safe. */
public interface FsckCluster {
  ClusterStatus status() throws AshlarException;

  MasterReply.Files scanFiles(ScanFiles asked) throws AshlarException;

  /**
   * @param server host:port
   */
  ChunkReply.Blocks listBlocks(String server, long disk, BlockKey after, int limit)
      throws AshlarException;

  ChunkReply.BlockInfo statBlock(String server, long disk, BlockKey block) throws AshlarException;

  /**
   * What the leader thinks of blocks that no file seems to need, one answer each, at most 1,000.
   */
  List<BlockFate> fates(long disk, List<BlockEntry> blocks) throws AshlarException;

  /**
   * Reads every block of a chunk and compares parity with data.
   *
   * @return one sentence for each thing that is wrong
   */
  List<String> verify(String policy, ChunkPlace chunk) throws AshlarException;
}
