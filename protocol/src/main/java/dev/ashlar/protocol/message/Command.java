package dev.ashlar.protocol.message;

import java.util.List;

/**
 * A change that a client asks for: one Raft entry decides it, exactly once. Fields marked "leader
 * fills" travel empty from the client. Names are 1 to 255 bytes of UTF-8 without '/' and NUL, and
 * not "." or "..".
 */
public sealed interface Command {
  /**
   * First command of a client: makes room for its retry results. Answered by {@link
   * MasterReply.Done}.
   */
  @Tag(1)
  record OpenSession(String host) implements Command {}

  /**
   * Last command of a client: its leases are closed, its retry results forgotten. Answered by Done.
   */
  @Tag(2)
  record CloseSession() implements Command {}

  /** Answered by {@link MasterReply.AttrReply}. */
  @Tag(3)
  record Mkdir(long parent, String name, int mode, int uid, int gid) implements Command {}

  /**
   * Makes an empty file that is visible at once and leased to the caller; without {@code exclusive}
   * an existing file is opened. Answered by {@link MasterReply.Opened}.
   *
   * @param policy text form, or empty to inherit from the directory or else the cluster
   */
  @Tag(4)
  record Create(
      long parent, String name, int mode, int uid, int gid, boolean exclusive, String policy)
      implements Command {}

  /**
   * Makes a file without a name, leased to the caller, that nobody sees until a {@link Commit}
   * links it; it vanishes with its lease. Answered by Opened; with {@code chunks} > 0 the first
   * chunks are allocated in the same step.
   *
   * @param policyParent directory whose policy it inherits if {@code policy} is empty
   * @param groups leader fills: placement group of each of the chunks
   */
  @Tag(5)
  record Stage(
      long policyParent, int mode, int uid, int gid, String policy, int chunks, long[] groups)
      implements Command {}

  /**
   * The right to change a file's content. LEASE_LOST names the holder if there is one. Answered by
   * Opened.
   */
  @Tag(6)
  record AcquireLease(long inode) implements Command {}

  /**
   * Chunks to write, at {@code first} and following. Where the file has a committed chunk, and
   * {@code fresh} is false, its next version on its own group; else a new chunk on a group of the
   * leader's choice. A staged chunk already there is dropped. Answered by {@link
   * MasterReply.Allocated}.
   *
   * @param avoidGroups groups that just failed the client
   * @param groups leader fills
   */
  @Tag(7)
  record Allocate(
      long inode,
      long epoch,
      int first,
      int count,
      boolean fresh,
      long[] avoidGroups,
      long[] groups)
      implements Command {}

  /**
   * Moves the file and all these chunks to their next version at once; refused whole if lease,
   * epoch, versions or groups are not what the writer believes. Answered by AttrReply.
   *
   * @param size new size of the file
   * @param link if parent is not 0: also give the (staged) file this name, replacing a file of that
   *     name if {@code replace}
   * @param release also give the lease back
   */
  @Tag(8)
  record Commit(
      long inode,
      long epoch,
      List<CommittedChunk> chunks,
      long size,
      long modifiedNs,
      Link link,
      boolean release)
      implements Command {}

  /** A name for a staged file. */
  record Link(long parent, String name, boolean replace) {
    public static final Link NONE = new Link(0, "", false);
  }

  /**
   * Makes many small files at once. Their bytes lie one after the other in the only chunk of a
   * staged file, which becomes a {@link FileType#PACK}: without a name, kept by its files, gone
   * with the last of them. Each file is made, or refused, for itself; only if the chunk cannot be
   * committed are all refused. Answered by {@link MasterReply.Packed}.
   *
   * @param inode the staged file, whose lease ends; 0 if none of the files has any bytes
   * @param chunks its chunk 0; empty if inode is 0
   * @param moves bytes of files that are in packs already, copied here
   * @param next whether to stage another file of the same policy in the same step, with one chunk,
   *     as more files are to come; left undone if there is no place for it
   * @param groups leader fills: placement group of that chunk
   */
  @Tag(19)
  record CommitPack(
      long inode,
      long epoch,
      List<CommittedChunk> chunks,
      List<PackedFile> files,
      List<PackedMove> moves,
      boolean next,
      long[] groups)
      implements Command {
    /** Files and moves of one command: bounds the time that it takes. */
    public static final int MAX_FILES = 1_000;
  }

  /**
   * A file of {@code length} bytes from {@code offset} of the pack, see {@link Stage} and {@link
   * Commit} for the rest. CONFLICT if its policy would not be the pack's.
   */
  record PackedFile(
      Link link,
      int mode,
      int uid,
      int gid,
      String policy,
      long offset,
      long length,
      long modifiedNs) {}

  /**
   * The bytes of a file are at {@code offset} here now. Ignored if they are no longer what was
   * copied: {@code length} bytes at {@code fromOffset} of pack {@code from}, or fewer by now.
   */
  record PackedMove(long inode, long from, long fromOffset, long length, long offset) {}

  /** Gives the lease back; what was staged under it is dropped. Answered by Done. */
  @Tag(9)
  record ReleaseLease(long inode, long epoch) implements Command {}

  /**
   * Cuts or extends (with zeros) a file; {@code epoch} 0 if the caller holds no lease, then nobody
   * else may. Answered by AttrReply.
   */
  @Tag(10)
  record Truncate(long inode, long epoch, long size, long modifiedNs) implements Command {}

  /** Answered by Done. */
  @Tag(11)
  record Unlink(long parent, String name) implements Command {}

  /** Answered by Done. */
  @Tag(12)
  record Rmdir(long parent, String name) implements Command {}

  /**
   * Atomic, over an existing target too unless {@code noReplace}; {@code exchange} swaps the two.
   * Answered by Done.
   */
  @Tag(13)
  record Rename(
      long parent, String name, long newParent, String newName, boolean noReplace, boolean exchange)
      implements Command {}

  /** Answered by AttrReply. */
  @Tag(14)
  record Symlink(long parent, String name, String target, int uid, int gid) implements Command {}

  /** Another name for a file. Answered by AttrReply. */
  @Tag(15)
  record HardLink(long inode, long parent, String name) implements Command {}

  /** Sets what {@code mask} names; times are ns since 1970. Answered by AttrReply. */
  @Tag(16)
  record SetAttr(long inode, int mask, int mode, int uid, int gid, long accessedNs, long modifiedNs)
      implements Command {
    public static final int MODE = 1;
    public static final int UID = 2;
    public static final int GID = 4;
    public static final int ACCESSED = 8;
    public static final int MODIFIED = 16;
  }

  /**
   * Extended attribute, name up to 255 bytes, value up to 64 KiB. {@code ashlar.policy} on a
   * directory sets the policy of files made in it later. Answered by Done.
   *
   * @param create fail with EXISTS if it is there
   * @param replace fail with NO_ATTRIBUTE if it is not
   */
  @Tag(17)
  record SetXattr(long inode, String name, byte[] value, boolean create, boolean replace)
      implements Command {}

  /** Answered by Done. */
  @Tag(18)
  record RemoveXattr(long inode, String name) implements Command {}
}
