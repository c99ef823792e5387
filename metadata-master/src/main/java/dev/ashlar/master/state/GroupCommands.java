package dev.ashlar.master.state;

import dev.ashlar.master.state.Rows.GroupCounts;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import java.util.Arrays;

/**
 * The leader's commands on placement groups. Each names the epoch it was decided at, so a stale one
 * is refused; each that is done makes the next epoch.
 */
final class GroupCommands {
  private final Changes c;

  GroupCommands(Changes c) {
    this.c = c;
  }

  void create(LogCommand.CreateGroup m) {
    Policy policy = Inodes.policy(m.policy());
    if (m.disks().length != policy.width()
        || Arrays.stream(m.disks()).distinct().count() != policy.width()) {
      throw new Refusal(
          ErrorCode.INVALID,
          "A placement group of " + policy + " needs " + policy.width() + " different disks");
    }
    for (long disk : m.disks()) {
      registered(disk);
    }
    int width = policy.width();
    GroupRow group =
        new GroupRow(
            c.nextGroup(),
            policy.toString(),
            1,
            m.disks(),
            new long[width],
            0,
            0,
            new long[width],
            new long[width]);
    c.putGroup(group);
    c.countsOf(group);
  }

  void start(LogCommand.StartReplacement m) {
    GroupRow g = at(m.group(), m.epoch(), m.index());
    registered(m.disk());
    boolean resumed =
        g.replacements()[m.index()] == m.disk() && Chunks.has(g.returning(), m.index());
    if (!resumed) {
      if (g.replacements()[m.index()] != 0) {
        throw new Refusal(
            ErrorCode.CONFLICT,
            "Block "
                + m.index()
                + " of placement group "
                + m.group()
                + " is being replaced already");
      }
      if (holds(g.members(), m.disk()) || holds(g.replacements(), m.disk())) {
        throw new Refusal(
            ErrorCode.CONFLICT,
            "Disk "
                + Long.toHexString(m.disk())
                + " is in placement group "
                + m.group()
                + " already");
      }
    }
    long bit = Chunks.bit(m.index());
    long[] replacements = with(g.replacements(), m.index(), m.disk());
    long moving = m.move() ? g.moving() | bit : g.moving() & ~bit;
    c.putGroup(
        new GroupRow(
            g.id(),
            g.policy(),
            g.epoch() + 1,
            g.members(),
            replacements,
            moving,
            g.returning() & ~bit,
            g.movedAt(),
            g.droppedAt()));
  }

  void cancel(LogCommand.CancelReplacement m) {
    GroupRow g = replacing(m.group(), m.epoch(), m.index());
    if (counts(g).missing()[m.index()] == 0) {
      c.countsOf(g).settled(m.index());
      c.putGroup(
          ended(
              g,
              m.index(),
              g.members(),
              with(g.movedAt(), m.index(), g.epoch() + 1),
              g.droppedAt()));
    } else if (!Chunks.has(g.returning(), m.index())) {
      c.putGroup(
          new GroupRow(
              g.id(),
              g.policy(),
              g.epoch() + 1,
              g.members(),
              g.replacements(),
              g.moving(),
              g.returning() | Chunks.bit(m.index()),
              g.movedAt(),
              g.droppedAt()));
    }
  }

  void drop(LogCommand.DropReplacement m) {
    GroupRow g = replacing(m.group(), m.epoch(), m.index());
    c.countsOf(g).dropped(m.index());
    c.putGroup(
        ended(
            g, m.index(), g.members(), g.movedAt(), with(g.droppedAt(), m.index(), g.epoch() + 1)));
  }

  void finish(LogCommand.FinishReplacement m) {
    GroupRow g = replacing(m.group(), m.epoch(), m.index());
    GroupCounts counts = counts(g);
    if (counts.replaced()[m.index()] != counts.stored()[m.index()]) {
      throw new Refusal(
          ErrorCode.CONFLICT,
          "The replacement for block "
              + m.index()
              + " of placement group "
              + m.group()
              + " does not have every block yet");
    }
    c.countsOf(g).settled(m.index());
    long[] members = with(g.members(), m.index(), g.replacements()[m.index()]);
    c.putGroup(
        ended(g, m.index(), members, with(g.movedAt(), m.index(), g.epoch() + 1), g.droppedAt()));
  }

  private static GroupRow ended(
      GroupRow g, int index, long[] members, long[] movedAt, long[] droppedAt) {
    long others = ~Chunks.bit(index);
    return new GroupRow(
        g.id(),
        g.policy(),
        g.epoch() + 1,
        members,
        with(g.replacements(), index, 0),
        g.moving() & others,
        g.returning() & others,
        movedAt,
        droppedAt);
  }

  private GroupRow at(long group, long epoch, int index) {
    GroupRow g = c.group(group);
    if (g == null || index < 0 || index >= g.members().length) {
      throw new Refusal(
          ErrorCode.NOT_FOUND, "There is no block " + index + " in a placement group " + group);
    }
    if (g.epoch() != epoch) {
      throw new Refusal(
          ErrorCode.CONFLICT,
          "Placement group " + group + " is at epoch " + g.epoch() + ", not at " + epoch);
    }
    return g;
  }

  private GroupRow replacing(long group, long epoch, int index) {
    GroupRow g = at(group, epoch, index);
    if (g.replacements()[index] == 0) {
      throw new Refusal(
          ErrorCode.CONFLICT,
          "Block " + index + " of placement group " + group + " is not being replaced");
    }
    return g;
  }

  private GroupCounts counts(GroupRow g) {
    GroupCounts counts = c.counts(g.id());
    return counts == null ? Counts.none(g.members().length) : counts;
  }

  private void registered(long disk) {
    if (c.disk(disk) == null) {
      throw new Refusal(
          ErrorCode.NOT_FOUND, "No disk " + Long.toHexString(disk) + " is registered");
    }
  }

  private static boolean holds(long[] disks, long disk) {
    return Arrays.stream(disks).anyMatch(d -> d == disk);
  }

  private static long[] with(long[] values, int index, long value) {
    long[] changed = values.clone();
    changed[index] = value;
    return changed;
  }
}
