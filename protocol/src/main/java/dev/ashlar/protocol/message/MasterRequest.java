package dev.ashlar.protocol.message;

import dev.ashlar.protocol.BlockKey;
import java.util.List;

/**
 * What a master is asked: by clients and by chunk servers. Queries are linearizable unless they say
 * otherwise.
 */
public sealed interface MasterRequest extends Message {
  /**
   * A command, exactly once: (client, seq) names it over retries, failover and restart.
   *
   * @param client random id of the client's session
   * @param seq from 1 upwards, {@link Command.OpenSession} first and alone
   * @param ackedBelow every command below this number was answered: their results can be forgotten
   */
  @Tag(100)
  record Submit(long client, long seq, long ackedBelow, Command command) implements MasterRequest {}

  /**
   * Walks an absolute path, following symbolic links on the way (and at the end if {@code
   * followLast}). Answered by {@link MasterReply.Resolved}.
   */
  @Tag(101)
  record Resolve(String path, boolean followLast) implements MasterRequest {}

  /** Answered by AttrReply. */
  @Tag(102)
  record Lookup(long parent, String name) implements MasterRequest {}

  /** Answered by AttrReply. */
  @Tag(103)
  record GetAttr(long inode) implements MasterRequest {}

  /**
   * Entries in byte order of their names, after {@code after} (empty for the start), at most {@code
   * limit} (up to 10,000). Answered by {@link MasterReply.Entries}.
   */
  @Tag(104)
  record ReadDir(long inode, String after, int limit) implements MasterRequest {}

  /** Answered by {@link MasterReply.Text}. */
  @Tag(105)
  record ReadLink(long inode) implements MasterRequest {}

  /** Answered by {@link MasterReply.Bytes}. */
  @Tag(106)
  record GetXattr(long inode, String name) implements MasterRequest {}

  /** Answered by {@link MasterReply.Names}. */
  @Tag(107)
  record ListXattrs(long inode) implements MasterRequest {}

  /**
   * The chunks of a file from {@code first}, at most {@code count} (up to 1,000), with places and
   * read tokens. Chunks that were never written (holes) are left out. With {@code client} != 0 the
   * file's present chunks are pinned for that client until it stops naming the inode in {@link
   * KeepAlive}. Answered by {@link MasterReply.Layout}.
   */
  @Tag(108)
  record GetLayout(long inode, int first, int count, long client) implements MasterRequest {}

  /** Answered by {@link MasterReply.Space}. */
  @Tag(109)
  record StatFs() implements MasterRequest {}

  /**
   * Answered by {@link MasterReply.StatusReply}; any master answers for itself, only the leader for
   * the cluster.
   */
  @Tag(110)
  record GetStatus() implements MasterRequest {}

  /**
   * Files (not directories) with inode above {@code after}, at most {@code limit}, for fsck.
   * Answered by {@link MasterReply.Files}.
   *
   * @param firstChunk of the file {@code after + 1} only the chunks from this index on are wanted
   * @param chunks at most so many of one file; 0: as many as one answer may hold
   */
  @Tag(111)
  record ScanFiles(long after, int limit, int firstChunk, int chunks) implements MasterRequest {
    /** The first page of all files. */
    public static ScanFiles all(int limit) {
      return new ScanFiles(0, limit, 0, 0);
    }

    /** The first page of one file. */
    public static ScanFiles of(long inode) {
      return new ScanFiles(inode - 1, 1, 0, 0);
    }

    /** Whether an answer goes on with this file, of which the last one had only a part. */
    public boolean continues(long inode) {
      return firstChunk > 0 && inode == after + 1;
    }
  }

  /**
   * Sent every few seconds by a client that holds leases or pins. Answered by {@link
   * MasterReply.Alive}.
   */
  @Tag(112)
  record KeepAlive(long client, long[] epochs, long[] pins) implements MasterRequest {}

  /**
   * A reader found this block unreadable. The master has it checked and rebuilt. Answered by Done.
   */
  @Tag(113)
  record ReportBad(BlockKey block, long disk, String reason) implements MasterRequest {}

  /**
   * Read token for all chunks, for fsck on this cluster. Answered by {@link
   * MasterReply.TokenReply}.
   */
  @Tag(114)
  record GetToken() implements MasterRequest {}

  /**
   * Administration of the masters: {@code snapshot}, {@code transfer PEER}, {@code add-master PEER
   * RAFT-ADDRESS CLIENT-ADDRESS}, {@code remove-master PEER}, {@code replace-master OLD NEW
   * RAFT-ADDRESS CLIENT-ADDRESS}. Answered by Text.
   */
  @Tag(115)
  record Administer(String action, List<String> arguments) implements MasterRequest {}

  /**
   * From one master to another before it joins or forms a cluster, while it has no vote yet;
   * answered by any master at any time, with {@link MasterReply.Introduced}.
   *
   * @param incarnation random number of the caller's directory, not 0
   */
  @Tag(116)
  record Introduce(String name, long incarnation) implements MasterRequest {}

  /**
   * Why these blocks may be on this disk, for fsck: at most 1,000 of one disk. Changes nothing.
   * Answered by {@link MasterReply.Explained}.
   *
   * @param blocks as {@link ChunkRequest.ListBlocks} gave them
   */
  @Tag(117)
  record ExplainBlocks(long disk, List<BlockEntry> blocks) implements MasterRequest {}

  /**
   * Packs with inode above {@code after}, at most {@code limit} (up to 10,000). Answered by {@link
   * MasterReply.Packs}.
   */
  @Tag(118)
  record ListPacks(long after, int limit) implements MasterRequest {}

  /** The files that a pack keeps. Answered by {@link MasterReply.PackFiles}. */
  @Tag(119)
  record GetPack(long inode) implements MasterRequest {}

  /**
   * From a chunk server, about once a second and at once when a task ended or a disk changed.
   * Answered by {@link MasterReply.Orders}.
   *
   * @param beat counts the heartbeats that this process sent, from 1: each one is made after the
   *     answer to the one before was obeyed or given up for ever; 0 from servers that do not count
   * @param tasks those that it was ordered and whose results the master may not have read: running,
   *     waiting, or ended
   */
  @Tag(150)
  record Heartbeat(
      String server,
      String address,
      String domain,
      long boot,
      List<DiskReport> disks,
      List<TaskResult> results,
      List<BadBlock> bad,
      int freeSlots,
      long beat,
      long[] tasks)
      implements MasterRequest {}

  /** Digest of all blocks of each group on a disk. Answered by {@link MasterReply.ReportWanted}. */
  @Tag(151)
  record BlockDigests(String server, long disk, List<GroupDigest> groups)
      implements MasterRequest {}

  /**
   * All blocks of one group on a disk whose chunks lie in a range of ids. The ranges of a group
   * follow each other without a gap from 0 to the end. Answered by {@link MasterReply.Verdict}.
   *
   * @param number from the {@link MasterReply.ReportWanted} that asked for it
   * @param from first chunk id of the range
   * @param to end of the range, not in it; 0 if it has none
   */
  @Tag(152)
  record BlockReport(
      String server,
      long disk,
      long group,
      List<BlockEntry> blocks,
      long number,
      long from,
      long to)
      implements MasterRequest {}

  /** The order is the wire format: append only. */
  enum DiskState {
    /** In service. */
    UP,
    /** Reported an I/O error, or its directory is gone: nothing on it can be counted on. */
    FAILED,
    /** In service for reading and deleting; has no room. */
    FULL
  }

  /**
   * One disk of a server.
   *
   * @param disk id kept in the disk's own directory
   * @param path where the server has it, for people
   */
  record DiskReport(
      long disk,
      String path,
      DiskState state,
      long capacityBytes,
      long usedBytes,
      long freeBytes,
      long blocks,
      String error) {}

  record BadBlock(BlockKey block, long disk, String reason) {}

  /**
   * All sealed blocks of a group on a disk.
   *
   * @param digest sum over the blocks of {@link dev.ashlar.protocol.Checksums#digest}
   */
  record GroupDigest(long group, long blocks, long digest) {}

  /**
   * A block on a disk.
   *
   * @param root CRC root, see {@link dev.ashlar.protocol.Checksums#root}
   * @param sealed true once synced as a whole
   */
  record BlockEntry(
      BlockKey block, long group, long length, int root, long epoch, boolean sealed) {}

  /**
   * How a task ended.
   *
   * @param outcome empty if done, else what went wrong
   */
  record TaskResult(long task, String outcome, long bytes) {}
}
