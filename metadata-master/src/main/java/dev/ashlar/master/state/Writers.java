package dev.ashlar.master.state;

import dev.ashlar.master.state.Rows.EntryRow;
import dev.ashlar.master.state.Rows.InodeRow;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterReply.Allocated;
import dev.ashlar.protocol.message.MasterReply.AttrReply;
import dev.ashlar.protocol.message.MasterReply.Done;
import dev.ashlar.protocol.message.MasterReply.Opened;
import java.util.List;

/**
 * Commands that open files for change, and change them without new bytes. Every method checks all
 * first, then changes.
 */
final class Writers {
  private final Changes c;
  private final Leases leases;
  private final Contents contents;
  private final Names names;
  private final Staging staging;

  Writers(Changes c, Leases leases, Contents contents, Names names, Staging staging) {
    this.c = c;
    this.leases = leases;
    this.contents = contents;
    this.names = names;
    this.staging = staging;
  }

  MasterReply create(long client, Command.Create m) {
    InodeRow parent = Inodes.directory(c, m.parent());
    Inodes.validName(m.name());
    EntryRow there = c.entry(m.parent(), m.name());
    if (there != null) {
      return reopen(client, m, there);
    }
    Policy policy = Inodes.policyFor(c, m.parent(), m.policy());
    long inode = c.nextInode();
    c.putInode(file(inode, m.mode(), m.uid(), Namespace.group(parent, m.gid()), policy));
    names.add(m.parent(), m.name(), inode);
    return opened(inode, client, List.of());
  }

  private MasterReply reopen(long client, Command.Create m, EntryRow there) {
    if (m.exclusive() || there.type() == FileType.SYMLINK) {
      throw new Refusal(
          ErrorCode.EXISTS, Inodes.path(c, m.parent(), m.name()) + ": exists already");
    }
    return acquire(client, there.inode());
  }

  Opened stage(long client, Command.Stage m) {
    int gid = m.gid();
    if (m.policyParent() != 0) {
      gid = Namespace.group(Inodes.directory(c, m.policyParent()), gid);
    }
    Policy policy = Inodes.policyFor(c, m.policyParent(), m.policy());
    if (m.chunks() != 0) {
      staging.check(policy, 0, 0, m.chunks(), true, m.groups());
    }
    long inode = c.nextInode();
    c.putInode(file(inode, m.mode(), m.uid(), gid, policy));
    long epoch = leases.open(inode, client);
    List<ChunkPlace> places =
        m.chunks() == 0 ? List.of() : staging.stage(inode, epoch, 0, m.chunks(), true, m.groups());
    return new Opened(Inodes.existing(c, inode).attr(), epoch, places);
  }

  private InodeRow file(long inode, int mode, int uid, int gid, Policy policy) {
    return new InodeRow(
        Inodes.fresh(inode, FileType.FILE, mode, uid, gid, 0, 0, policy.toString(), c.nowNs()),
        0,
        "",
        "");
  }

  MasterReply acquire(long client, long inode) {
    Inodes.file(c, inode);
    leases.requireFree(inode);
    return opened(inode, client, List.of());
  }

  private Opened opened(long inode, long client, List<ChunkPlace> places) {
    long epoch = leases.open(inode, client);
    return new Opened(Inodes.existing(c, inode).attr(), epoch, places);
  }

  MasterReply allocate(long client, Command.Allocate m) {
    leases.require(m.inode(), m.epoch(), client);
    Policy policy = Inodes.policy(Inodes.file(c, m.inode()).attr().policy());
    staging.check(policy, m.inode(), m.first(), m.count(), m.fresh(), m.groups());
    return new Allocated(
        staging.stage(m.inode(), m.epoch(), m.first(), m.count(), m.fresh(), m.groups()));
  }

  MasterReply release(long client, Command.ReleaseLease m) {
    leases.require(m.inode(), m.epoch(), client);
    contents.letGo(m.inode());
    return new Done();
  }

  MasterReply truncate(long client, Command.Truncate m) {
    if (m.epoch() != 0) {
      leases.require(m.inode(), m.epoch(), client);
    }
    InodeRow file = Inodes.file(c, m.inode());
    Contents.validSize(m.size(), Inodes.policy(file.attr().policy()));
    if (m.epoch() == 0) {
      leases.requireFree(m.inode());
    }
    if (m.size() < file.attr().size()) {
      contents.cut(file, m.size());
    }
    c.putAttr(file, Inodes.content(file.attr(), m.size(), m.modifiedNs(), c.nowNs()));
    return new AttrReply(Inodes.existing(c, m.inode()).attr());
  }
}
