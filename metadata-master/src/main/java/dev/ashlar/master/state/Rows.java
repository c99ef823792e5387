package dev.ashlar.master.state;

import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterRequest.DiskState;

/**
 * The values of the tables, as records. Their encoding is the disk format: fields are only ever
 * appended.
 */
public final class Rows {
  private Rows() {}

  /**
   * @param parent directory of the first name, 0 if it has none (root, staged)
   * @param name first name; further ones (hard links) have rows of their own
   * @param target of a symbolic link, else empty
   */
  public record InodeRow(Attr attr, long parent, String name, String target) {}

  public record EntryRow(long inode, FileType type) {}

  /**
   * A committed chunk. Bits are block indexes; they speak of the group as it was at {@code
   * groupEpoch} (see {@link GroupRow#movedAt}).
   *
   * @param lastVersion highest version ever handed out to a writer, so that none is used twice
   * @param missing blocks that are not on the official member
   * @param onReplacement blocks that are on the member's replacement
   */
  public record ChunkRow(
      long chunk,
      long version,
      long lastVersion,
      long group,
      long groupEpoch,
      long storedLength,
      long validLength,
      long missing,
      long onReplacement,
      int[] roots) {}

  /**
   * A chunk handed out to a writer.
   *
   * @param base committed version it may share with, 0 if none
   * @param targets disk that each block was to be written to
   */
  public record StagedRow(
      long chunk,
      long version,
      long base,
      long epoch,
      long group,
      long groupEpoch,
      long[] targets) {}

  /**
   * Where the first {@code length} bytes of a file are, in chunk 0 of a pack. Such a file has no
   * chunk 0 of its own.
   */
  public record SliceRow(long pack, long offset, long length) {}

  /**
   * What a pack keeps.
   *
   * @param files with a slice of it; at 0 it is gone
   * @param liveBytes of all slices
   */
  public record PackRow(long files, long liveBytes) {}

  /** Which chunk of which file. */
  public record ChunkOwner(long inode, int index) {}

  /**
   * A placement group.
   *
   * @param epoch grows with each change
   * @param members disk per block
   * @param replacements disk that is being filled in place of the member, 0 if none
   * @param moving bits of replacements that go on although the member is there
   * @param returning bits of replacements whose member is back: new blocks go to the member
   * @param movedAt per block, the epoch at which a replacement last ended with every block on the
   *     (new) member: chunk rows older than that have no debt there
   * @param droppedAt per block, the epoch at which a replacement was last given up: chunk rows
   *     older than that have nothing on the present one
   */
  public record GroupRow(
      long id,
      String policy,
      long epoch,
      long[] members,
      long[] replacements,
      long moving,
      long returning,
      long[] movedAt,
      long[] droppedAt) {
    /** Where a new block goes. */
    public long target(int index) {
      return replacements[index] != 0 && (returning & 1L << index) == 0
          ? replacements[index]
          : members[index];
    }

    /** Whether the disk is a member or a replacement. */
    public boolean has(long disk) {
      return Places.indexOf(this, disk) >= 0;
    }
  }

  /**
   * What the chunk rows of a group add up to, per block where it is an array.
   *
   * @param bytes encoded bytes, parity not counted
   * @param stored chunks that have this block
   * @param missing of these, not on the member
   * @param replaced of these, on the replacement
   */
  public record GroupCounts(
      long chunks, long bytes, long[] stored, long[] missing, long[] replaced) {}

  public record DiskRow(
      long id, String server, String path, String domain, long capacityBytes, DiskState state) {}

  public record ServerRow(String server, String address, String domain) {}

  public record LeaseRow(long epoch, long client) {}

  /** A lease found by its epoch. */
  public record LeaseOwner(long inode, long client) {}

  /**
   * @param seenNs time of its newest command
   */
  public record SessionRow(String host, long ackedBelow, long seenNs) {}

  /**
   * @param inode whose pins keep it
   */
  public record DeletionRow(long inode, long queuedNs) {}

  public record TokenKeyRow(int id, byte[] secret) {}

  /**
   * What there is one of. The ids called next are the ones to be handed out next.
   *
   * @param cluster 0 until it is named
   */
  public record ClusterRow(
      long cluster,
      String policy,
      long timeNs,
      long nextInode,
      long nextChunk,
      long nextEpoch,
      long nextGroup,
      long files,
      long directories,
      long dataBytes,
      long chunks,
      long deletions) {}
}
