package dev.ashlar.master.state;

import dev.ashlar.master.state.Rows.ChunkRow;
import dev.ashlar.master.state.Rows.EntryRow;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.master.state.Rows.InodeRow;
import dev.ashlar.master.state.Rows.StagedRow;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.CommittedChunk;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterReply.AttrReply;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Publishes what a writer sealed: the whole commit or nothing.
 *
 * <p>The writer's masks speak of the disks it was given when it allocated. The group may have
 * changed since: a replacement started, ended or was given up. The staged row remembers those
 * disks, so each block is found again by the disk it lies on: if that is the group's member or
 * replacement now, the block counts there; if it is neither, it counts as missing and is rebuilt.
 * Only if too few blocks are left that way is the commit refused, with CONFLICT: the writer then
 * allocates the chunk again with {@code fresh}, writes and seals it, and commits again. CONFLICT
 * also means that a chunk is not staged (any more), which the same steps cure.
 */
final class Commits {
  private final Changes c;
  private final Leases leases;
  private final Contents contents;
  private final Names names;

  Commits(Changes c, Leases leases, Contents contents, Names names) {
    this.c = c;
    this.leases = leases;
    this.contents = contents;
    this.names = names;
  }

  /** A chunk that can be published. */
  record Accepted(int index, StagedRow staged, ChunkRow row, GroupRow group) {}

  MasterReply commit(long client, Command.Commit m) {
    leases.require(m.inode(), m.epoch(), client);
    InodeRow file = Inodes.file(c, m.inode());
    Policy policy = Inodes.policy(file.attr().policy());
    Contents.validSize(m.size(), policy);
    List<Accepted> accepted = check(m, policy);
    checkName(m, file);

    for (Accepted a : accepted) {
      publish(m.inode(), a);
    }
    if (m.size() < file.attr().size()) {
      contents.cut(file, m.size());
    }
    c.putAttr(file, Inodes.content(file.attr(), m.size(), m.modifiedNs(), c.nowNs()));
    if (m.link().parent() != 0) {
      link(m);
    }
    if (m.release()) {
      leases.end(m.inode());
    }
    return new AttrReply(Inodes.existing(c, m.inode()).attr());
  }

  private void checkName(Command.Commit m, InodeRow file) {
    boolean named = file.attr().links() > 0;
    if (m.link().parent() != 0) {
      if (named) {
        throw new Refusal(
            ErrorCode.INVALID,
            Inodes.path(c, m.inode()) + ": has a name already; a commit names only staged files");
      }
      contents.linkable(m.link().parent(), m.link().name(), m.link().replace());
    } else if (m.release() && !named) {
      throw new Refusal(
          ErrorCode.INVALID,
          "A staged file vanishes with its lease: give it a name in the commit that releases it");
    }
  }

  private void link(Command.Commit m) {
    EntryRow there = c.entry(m.link().parent(), m.link().name());
    if (there != null) {
      names.remove(m.link().parent(), m.link().name(), there);
    }
    names.add(m.link().parent(), m.link().name(), m.inode());
  }

  private List<Accepted> check(Command.Commit m, Policy policy) {
    List<Accepted> accepted = new ArrayList<>();
    Set<Integer> seen = new HashSet<>();
    for (CommittedChunk chunk : m.chunks()) {
      if (!seen.add(chunk.index())) {
        throw new Refusal(
            ErrorCode.INVALID, "Chunk " + chunk.index() + " is named twice in one commit");
      }
      accepted.add(check(m.inode(), m.epoch(), m.size(), policy, chunk));
    }
    return accepted;
  }

  /**
   * Whether a sealed chunk can be published, given its lease; {@link #publish} then does it.
   *
   * @param size that the file is to have
   */
  Accepted check(long inode, long epoch, long size, Policy policy, CommittedChunk chunk) {
    shape(size, policy, chunk);
    StagedRow staged = c.staged(inode, chunk.index());
    if (staged == null
        || staged.epoch() != epoch
        || staged.chunk() != chunk.chunk()
        || staged.version() != chunk.version()
        || staged.group() != chunk.group()
        || staged.groupEpoch() != chunk.groupEpoch()) {
      throw new Refusal(
          ErrorCode.CONFLICT,
          "Chunk "
              + chunk.index()
              + " (version "
              + chunk.version()
              + ") is not staged (any more): allocate it again");
    }
    ChunkRow old = c.chunk(inode, chunk.index());
    if (staged.base() != 0
        && (old == null || old.chunk() != staged.chunk() || old.version() != staged.base())) {
      throw new Refusal(
          ErrorCode.CONFLICT,
          "Chunk "
              + chunk.index()
              + " was changed since version "
              + staged.base()
              + ", which the new one builds on: allocate it again");
    }
    return accept(policy, chunk, staged, old);
  }

  /** What is wrong without knowing any state. */
  private static void shape(long size, Policy policy, CommittedChunk chunk) {
    long all = Chunks.all(policy);
    String which = "Chunk " + chunk.index() + ": ";
    if (chunk.index() < 0 || chunk.length() < 1 || chunk.length() > policy.chunkBytes()) {
      throw new Refusal(
          ErrorCode.INVALID,
          which
              + "cannot hold "
              + chunk.length()
              + " bytes, with policy "
              + policy
              + " it must be 1 to "
              + policy.chunkBytes());
    }
    if (chunk.index() * policy.chunkBytes() + chunk.length() > size) {
      throw new Refusal(
          ErrorCode.INVALID, which + "reaches past the end of the file (" + size + " bytes)");
    }
    if (chunk.roots().length != policy.width()) {
      throw new Refusal(
          ErrorCode.INVALID,
          which
              + "has "
              + chunk.roots().length
              + " roots, but policy "
              + policy
              + " has "
              + policy.width()
              + " blocks");
    }
    if (((chunk.onMember() | chunk.onReplacement()) & ~all) != 0) {
      throw new Refusal(
          ErrorCode.INVALID, which + "names blocks that policy " + policy + " does not have");
    }
  }

  private Accepted accept(
      Policy policy, CommittedChunk chunk, StagedRow staged, @Nullable ChunkRow old) {
    GroupRow group = c.group(staged.group());
    if (group == null) {
      throw new IllegalStateException(
          "Chunk "
              + staged.chunk()
              + " is staged on group "
              + staged.group()
              + ", which does not exist");
    }
    long stored = BlockLayout.storedMask(policy, chunk.length());
    long durable = (chunk.onMember() | chunk.onReplacement()) & stored;
    long onMember = 0;
    long onReplacement = 0;
    for (int i = 0; i < policy.width(); i++) {
      if (Chunks.has(durable, i)) {
        onMember |= staged.targets()[i] == group.members()[i] ? Chunks.bit(i) : 0;
        onReplacement |= staged.targets()[i] == group.replacements()[i] ? Chunks.bit(i) : 0;
      }
    }
    int have = Long.bitCount(onMember | onReplacement | (Chunks.all(policy) & ~stored));
    if (have < policy.minimumBlocks()) {
      throw new Refusal(
          Long.bitCount(durable | (Chunks.all(policy) & ~stored)) < policy.minimumBlocks()
              ? ErrorCode.INVALID
              : ErrorCode.CONFLICT,
          "Chunk "
              + chunk.index()
              + ": only "
              + have
              + " blocks are on disks of its placement group, policy "
              + policy
              + " needs "
              + policy.minimumBlocks()
              + ": allocate it again with 'fresh' and write it again");
    }
    long lastVersion =
        old != null && old.chunk() == staged.chunk() ? old.lastVersion() : staged.version();
    ChunkRow row =
        new ChunkRow(
            staged.chunk(),
            staged.version(),
            lastVersion,
            group.id(),
            group.epoch(),
            chunk.length(),
            chunk.length(),
            stored & ~onMember,
            onReplacement,
            chunk.roots());
    return new Accepted(chunk.index(), staged, row, group);
  }

  /** Puts a chunk that was checked in its place: what the file had there before is gone. */
  void publish(long inode, Accepted a) {
    ChunkRow old = c.chunk(inode, a.index);
    c.removeStaged(inode, a.index, a.staged);
    if (a.index == 0) {
      contents.dropSlice(inode);
    }
    if (old != null && old.chunk() == a.row.chunk()) {
      c.queueDeletion(old.group(), old.chunk(), old.version(), inode);
      c.putChunk(inode, a.index, old, a.row, a.group);
    } else {
      if (old != null) {
        c.dropChunk(inode, a.index, old);
      }
      c.putChunk(inode, a.index, null, a.row, a.group);
    }
  }
}
