package dev.ashlar.protocol.message;

import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockToken;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a master answers. */
public sealed interface MasterReply extends Message {
  @Tag(300)
  record Done() implements MasterReply {}

  @Tag(301)
  record AttrReply(Attr attr) implements MasterReply {}

  /** A file open for change: {@code epoch} is the fencing token of the lease. */
  @Tag(302)
  record Opened(Attr attr, long epoch, List<ChunkPlace> chunks) implements MasterReply {}

  @Tag(303)
  record Allocated(List<ChunkPlace> chunks) implements MasterReply {}

  /**
   * Where a path leads: its parent directory and last name as walked (parent 0 and empty name for
   * the root).
   */
  @Tag(304)
  record Resolved(Attr attr, long parent, String name) implements MasterReply {}

  @Tag(305)
  record Entries(List<Entry> entries, boolean more) implements MasterReply {}

  record Entry(String name, Attr attr) {}

  @Tag(306)
  record Text(String text) implements MasterReply {}

  @Tag(307)
  record Bytes(byte[] bytes) implements MasterReply {}

  @Tag(308)
  record Names(List<String> names) implements MasterReply {}

  /**
   * @param slice where the first bytes of the file are, if they are in a pack: the file then has no
   *     chunk 0
   */
  @Tag(309)
  record Layout(Attr attr, List<ChunkPlace> chunks, @Nullable Slice slice) implements MasterReply {}

  /** Bytes 0 to {@code length} of a file are those from {@code offset} of chunk 0 of a pack. */
  record Slice(Attr pack, ChunkPlace chunk, long offset, long length) {}

  /** Raw bytes of all disks, and what fits of files under the cluster's policy. */
  @Tag(310)
  record Space(
      long rawBytes,
      long rawFreeBytes,
      long usableBytes,
      long usableFreeBytes,
      long files,
      String policy)
      implements MasterReply {}

  @Tag(311)
  record StatusReply(ClusterStatus status) implements MasterReply {}

  /**
   * A page of files.
   *
   * @param more whether there are more files, or more chunks of the last one
   * @param nextChunk if not 0, the last file has more chunks, the next of which has this index
   */
  @Tag(312)
  record Files(List<FileChunks> files, boolean more, int nextChunk) implements MasterReply {
    /** What to ask for the page behind this one, null if this is the last. */
    public MasterRequest.@Nullable ScanFiles next(int limit) {
      if (!more || files.isEmpty()) {
        return null;
      }
      long last = files.getLast().attr().inode();
      return nextChunk == 0
          ? new MasterRequest.ScanFiles(last, limit, 0, 0)
          : new MasterRequest.ScanFiles(last - 1, limit, nextChunk, 0);
    }
  }

  /**
   * A file and its chunks, all of them unless the page says otherwise, with one of its paths
   * ("(staged)" if it has none yet; of a pack some of its files').
   *
   * @param pack inode of the pack that has its first bytes, 0 if none has
   */
  record FileChunks(Attr attr, String path, List<ChunkPlace> chunks, long pack) {}

  /**
   * Leases and pins are renewed.
   *
   * @param lost epochs of the caller that are closed
   */
  @Tag(313)
  record Alive(long[] lost) implements MasterReply {}

  @Tag(314)
  record TokenReply(BlockToken token) implements MasterReply {}

  /**
   * @param incarnation random number of the answering master's directory
   * @param formed whether that directory belongs to a cluster already
   * @param raftGroup id of the masters' Raft group, empty unless formed
   * @param callerKnownAs incarnation under which the caller's name is or was a member of that
   *     cluster, 0 if it never was
   */
  @Tag(315)
  record Introduced(
      String name, long incarnation, boolean formed, String raftGroup, long callerKnownAs)
      implements MasterReply {}

  /** One for each block asked about, in order. */
  @Tag(316)
  record Explained(List<BlockFate> fates) implements MasterReply {}

  /** Why a block may be on a disk. The order is the wire format: append only. */
  enum BlockFate {
    /**
     * A file's committed version needs it there, or it is a second copy while its disk is being
     * replaced.
     */
    NEEDED,
    /** Part of a write or a rebuild under way. */
    STAGED,
    /** Its deletion is decided but not done yet. */
    DELETING,
    /** Nothing needs it: the next comparison of the disk with the metadata removes it. */
    GARBAGE
  }

  /**
   * @param outcomes one for each file of a {@link Command.CommitPack}, in order
   * @param next what was staged, if that was asked for
   */
  @Tag(317)
  record Packed(List<PackedOutcome> outcomes, @Nullable Opened next) implements MasterReply {}

  /** The file, or why it was not made. */
  record PackedOutcome(@Nullable Attr attr, @Nullable ErrorReply refusal) {}

  @Tag(318)
  record Packs(List<Pack> packs, boolean more) implements MasterReply {}

  /**
   * @param files that have bytes in it
   * @param liveBytes of these
   */
  record Pack(Attr attr, long files, long liveBytes) {}

  @Tag(319)
  record PackFiles(List<PackFile> files) implements MasterReply {}

  /** Bytes of a pack that are a file's. */
  record PackFile(long inode, long offset, long length) {}

  /**
   * What a chunk server is to do.
   *
   * @param cluster id of the cluster; a disk of another cluster is refused
   * @param keys what tokens are signed with at present
   * @param wanted disks whose {@link MasterRequest.BlockDigests} the master wants now
   */
  @Tag(350)
  record Orders(long cluster, List<TokenKey> keys, List<Task> tasks, long[] wanted)
      implements MasterReply {}

  record TokenKey(int id, byte[] secret) {}

  /**
   * Groups whose digest differs: send their {@link MasterRequest.BlockReport}.
   *
   * @param number names this asking; each of the groups may be reported under it once
   */
  @Tag(351)
  record ReportWanted(long[] groups, long number) implements MasterReply {}

  /** Blocks of the report that nobody needs. */
  @Tag(352)
  record Verdict(List<BlockKey> delete) implements MasterReply {}

  /** Work for a chunk server. */
  sealed interface Task {
    long id();

    /**
     * Make block {@code block} on {@code disk} from its sisters.
     *
     * @param storedLength bytes of the chunk that were encoded
     * @param sources one per block of the policy, {@link BlockPlace#NOWHERE} where none is
     * @param roots CRC root of every block: what the writer committed. Sources and result must
     *     match it
     */
    @Tag(1)
    record Rebuild(
        long id,
        BlockKey block,
        long group,
        long disk,
        String policy,
        long storedLength,
        List<BlockPlace> sources,
        int[] roots,
        BlockToken token)
        implements Task {}

    /** Drop these blocks from {@code disk}; those that are not there count as dropped. */
    @Tag(2)
    record Delete(long id, long disk, List<BlockKey> blocks) implements Task {}

    /** Re-read these blocks from media, report bad ones; done only if all are here and good. */
    @Tag(3)
    record Verify(long id, long disk, List<BlockKey> blocks) implements Task {}
  }
}
