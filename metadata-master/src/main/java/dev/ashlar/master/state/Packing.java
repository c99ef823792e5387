package dev.ashlar.master.state;

import dev.ashlar.master.state.Commits.Accepted;
import dev.ashlar.master.state.Rows.EntryRow;
import dev.ashlar.master.state.Rows.InodeRow;
import dev.ashlar.master.state.Rows.SliceRow;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.Command.PackedFile;
import dev.ashlar.protocol.message.Command.PackedMove;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterReply.PackedOutcome;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes a pack and the files in it. The pack is committed or refused as a whole, then each file for
 * itself: all of it is there, or nothing.
 */
final class Packing {
  private final Changes c;
  private final Leases leases;
  private final Contents contents;
  private final Names names;
  private final Commits commits;
  private final Staging staging;
  private final Writers writers;

  Packing(
      Changes c,
      Leases leases,
      Contents contents,
      Names names,
      Commits commits,
      Staging staging,
      Writers writers) {
    this.c = c;
    this.leases = leases;
    this.contents = contents;
    this.names = names;
    this.commits = commits;
    this.staging = staging;
    this.writers = writers;
  }

  /** What files are put into; the policy is null where no file has any bytes. */
  private record Target(long inode, long bytes, @Nullable Policy policy) {}

  MasterReply commit(long client, Command.CommitPack m) {
    if (m.files().size() + m.moves().size() > Command.CommitPack.MAX_FILES) {
      throw new Refusal(
          ErrorCode.INVALID,
          "A pack can take at most " + Command.CommitPack.MAX_FILES + " files at once");
    }
    boolean next = m.next() && m.inode() != 0 && m.groups().length == 1;
    Target target = m.inode() == 0 ? new Target(0, 0, null) : begin(client, m, next);
    List<PackedOutcome> outcomes = new ArrayList<>();
    for (PackedFile file : m.files()) {
      outcomes.add(outcome(file, target));
    }
    for (PackedMove move : m.moves()) {
      move(move, target);
    }
    if (target.inode != 0) {
      contents.unpacked(contents.slices().end(target.inode));
    }
    return new MasterReply.Packed(
        outcomes,
        next && target.policy != null
            ? writers.stage(
                client, new Command.Stage(0, 0, 0, 0, target.policy.toString(), 1, m.groups()))
            : null);
  }

  /**
   * @param next whether a chunk is to be staged afterwards: then that is possible
   */
  private Target begin(long client, Command.CommitPack m, boolean next) {
    leases.require(m.inode(), m.epoch(), client);
    InodeRow staged = Inodes.file(c, m.inode());
    if (staged.attr().links() > 0 || staged.attr().version() > 0) {
      throw new Refusal(
          ErrorCode.INVALID,
          Inodes.path(c, m.inode()) + ": has a name or content already, so it cannot be a pack");
    }
    if (m.chunks().size() != 1 || m.chunks().getFirst().index() != 0) {
      throw new Refusal(ErrorCode.INVALID, "A pack has one chunk, with number 0");
    }
    Policy policy = Inodes.policy(staged.attr().policy());
    long bytes = m.chunks().getFirst().length();
    Accepted accepted = commits.check(m.inode(), m.epoch(), bytes, policy, m.chunks().getFirst());
    if (next) {
      staging.check(policy, 0, 0, 1, true, m.groups());
    }

    commits.publish(m.inode(), accepted);
    leases.end(m.inode());
    c.putAttr(staged, packed(Inodes.content(staged.attr(), bytes, 0, c.nowNs())));
    contents.slices().begin(m.inode());
    return new Target(m.inode(), bytes, policy);
  }

  private static Attr packed(Attr a) {
    return new Attr(
        a.inode(),
        FileType.PACK,
        0,
        0,
        0,
        0,
        a.size(),
        a.version(),
        a.accessedNs(),
        a.modifiedNs(),
        a.changedNs(),
        a.policy());
  }

  private PackedOutcome outcome(PackedFile file, Target target) {
    try {
      return new PackedOutcome(make(file, target), null);
    } catch (Refusal refusal) {
      return new PackedOutcome(null, refusal.reply());
    }
  }

  private Attr make(PackedFile f, Target target) {
    Command.Link link = f.link();
    InodeRow parent = Inodes.directory(c, link.parent());
    contents.linkable(link.parent(), link.name(), link.replace());
    Policy policy = Inodes.policyFor(c, link.parent(), f.policy());
    if (f.offset() < 0 || f.length() < 0 || f.offset() > target.bytes - f.length()) {
      throw new Refusal(
          ErrorCode.INVALID,
          Inodes.path(c, link.parent(), link.name()) + ": does not lie in its pack");
    }
    if (target.policy != null && !policy.equals(target.policy)) {
      throw new Refusal(
          ErrorCode.CONFLICT,
          Inodes.path(c, link.parent(), link.name())
              + ": has policy "
              + policy
              + ", its pack "
              + target.policy);
    }

    EntryRow there = c.entry(link.parent(), link.name());
    if (there != null) {
      names.remove(link.parent(), link.name(), there);
    }
    long inode = c.nextInode();
    Attr fresh =
        Inodes.fresh(
            inode,
            FileType.FILE,
            f.mode(),
            f.uid(),
            Namespace.group(parent, f.gid()),
            0,
            0,
            policy.toString(),
            c.nowNs());
    Attr attr = Inodes.content(fresh, f.length(), f.modifiedNs(), c.nowNs());
    c.putInode(new InodeRow(attr, 0, "", ""));
    if (f.length() > 0) {
      contents.slices().put(inode, new SliceRow(target.inode, f.offset(), f.length()));
    }
    names.add(link.parent(), link.name(), inode);
    return Inodes.existing(c, inode).attr();
  }

  private void move(PackedMove m, Target target) {
    SliceRow now = c.slice(m.inode());
    InodeRow file = c.inode(m.inode());
    if (now == null
        || file == null
        || target.policy == null
        || !file.attr().policy().equals(target.policy.toString())
        || now.pack() != m.from()
        || now.offset() != m.fromOffset()
        || now.length() > m.length()
        || m.offset() < 0
        || m.offset() > target.bytes - m.length()) {
      return;
    }
    contents.dropSlice(m.inode());
    contents.slices().put(m.inode(), new SliceRow(target.inode, m.offset(), now.length()));
  }
}
