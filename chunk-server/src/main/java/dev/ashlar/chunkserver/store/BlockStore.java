package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.message.ChunkReply.BlockInfo;
import dev.ashlar.protocol.message.ChunkReply.Blocks;
import dev.ashlar.protocol.message.ChunkReply.Sealed;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import dev.ashlar.protocol.message.MasterRequest.DiskReport;
import dev.ashlar.protocol.message.MasterRequest.GroupDigest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of one disk. Thread-safe. Methods that return futures never block; their futures
 * complete on the disk's own thread (do nothing slow there) and fail with {@link AshlarException}:
 *
 * <ul>
 *   <li>RETRY: too much is queued, nothing was done
 *   <li>CORRUPT: the payload does not match its CRCs
 *   <li>STALE_EPOCH: a higher lease epoch has written to this chunk
 *   <li>VERSION_GONE: the block (or the base it shares with) is not here
 *   <li>CONFLICT: a sealed version would change, or a staged one would get a hole; INVALID: sizes
 *       that make no sense
 *   <li>NO_SPACE: the disk is full; deleting still works
 *   <li>DISK_FAILED: the disk had an I/O error or its directory is gone; for good
 * </ul>
 */
public interface BlockStore extends AutoCloseable {
  /** Random, positive, given when the directory was formatted. */
  long diskId();

  /** Cluster that adopted the disk, 0 if none did. */
  long clusterId();

  /**
   * Binds the disk to a cluster, durably. Blocks. INVALID if it belongs to another one; harmless if
   * repeated.
   */
  void adopt(long clusterId) throws IOException;

  /**
   * Checks the payload against its CRCs and adds it to a staged block. The buffers (direct; their
   * remaining bytes, in order) belong to the store until the future is done. The answer is the
   * block's length so far: not durable yet.
   */
  CompletableFuture<Long> write(BlockWrite write, ByteBuffer... payload);

  /** The last {@link #write} of a block, and its {@link #seal}. */
  CompletableFuture<Sealed> writeAndSeal(BlockWrite write, ByteBuffer... payload);

  /**
   * Makes a staged block of exactly this length durable; also one that only shares (length ==
   * keep). Repeating it is answered as done.
   */
  CompletableFuture<Sealed> seal(
      BlockKey block, long group, long epoch, long base, long keep, long length);

  /** Where bytes of a sealed block lie. VERSION_GONE if it is not here. Does not block for long. */
  BlockBytes locate(BlockKey block, long offset, int length) throws AshlarException;

  /** VERSION_GONE if there is no such block, staged or sealed. The root of a staged block is 0. */
  BlockInfo stat(BlockKey block) throws AshlarException;

  /** Sealed and staged blocks in key order after {@code after} (null: from the first). */
  Blocks list(@Nullable BlockKey after, int limit) throws AshlarException;

  /**
   * Number and digest of the blocks of every group that has any here. Unsealed ones count too, so
   * that one that nobody finishes makes a difference that is looked into.
   */
  List<GroupDigest> digests() throws AshlarException;

  /** Sealed and staged blocks of one group, in key order. */
  List<BlockEntry> blocksOf(long group) throws AshlarException;

  /**
   * Drops blocks, staged or sealed, durably; those that are not here count as dropped. Space is
   * given back soon after, once no reader holds it.
   */
  CompletableFuture<Void> delete(List<BlockKey> blocks);

  /** Drops what is staged of a block; a sealed one stays. */
  CompletableFuture<Void> unstage(BlockKey block);

  /**
   * Re-reads blocks from media (past the page cache where the file system can) and checks their
   * CRCs. Blocks; call it from a thread of your own. A block that is not here (any more) is not
   * bad.
   *
   * @return the bad ones
   */
  List<BadBlock> verify(List<BlockKey> blocks) throws AshlarException;

  /** Blocks found damaged since the last call (at recovery, by compaction): tell the master. */
  List<BadBlock> takeBad();

  /** State, space and number of blocks, for heartbeats. Never fails, never blocks for long. */
  DiskReport report();

  /**
   * For how long its thread has been busy with what it took last, ns; 0 if it waits for work. A
   * disk that hangs keeps it for ever. Never blocks.
   */
  long busyNs();

  /**
   * Looks whether the directory is still the same disk; if not, the disk fails. To be called about
   * once a second. Blocks shortly.
   */
  void check();

  /**
   * Ends the thread, after what was queued, and closes the files. Waits at most a few seconds for
   * readers.
   */
  @Override
  void close();
}
