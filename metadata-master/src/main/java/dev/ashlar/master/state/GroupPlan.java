package dev.ashlar.master.state;

import dev.ashlar.master.state.Rows.GroupRow;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Decides about the replacements of one group.
 *
 * <ul>
 *   <li>member gone, or silent while a chunk is at its last tolerated loss: start a replacement,
 *       crowded if no domain is free;
 *   <li>member lacks blocks and has no room to have them rebuilt: move all of its blocks to a disk
 *       that has;
 *   <li>everything is on the replacement: finish;
 *   <li>a member that was silent is back before that: cancel (in two steps, if the replacement has
 *       blocks that the member does not: see {@link LogCommand.CancelReplacement});
 *   <li>the replacement itself is gone or full: drop it, unless a chunk cannot be decoded without
 *       what is on it.
 * </ul>
 */
final class GroupPlan {
  private final GroupHealth g;
  private final Placement placement;
  private final long urgent;
  private final long kept;
  private final boolean scanned;
  private final List<LogCommand> commands = new ArrayList<>();
  private GroupRow row;
  private boolean dropped;

  /**
   * @param urgent see {@link ChunkHealth#urgent}, over all chunks seen so far
   * @param kept see {@link ChunkHealth#kept}, over all chunks seen so far
   * @param scanned whether all chunks of the group have been looked at since it last changed
   */
  GroupPlan(GroupHealth g, Placement placement, long urgent, long kept, boolean scanned) {
    this.g = g;
    this.placement = placement;
    this.urgent = urgent;
    this.kept = kept;
    this.scanned = scanned;
    row = g.group;
  }

  /** Commands to be proposed in this order: each expects the epoch that the one before it makes. */
  List<LogCommand> commands() {
    for (int i = 0; i < g.policy.width(); i++) {
      if (g.replacing(i)) {
        replacing(i);
      } else if (mustReplace(i)) {
        // What a disk that failed comes back with was not looked at, and it may fail again: its
        // return cancels nothing, but saves reading from the others.
        start(i, g.member(i) == Health.LOST);
      } else if (mustMove(i)) {
        start(i, true);
      }
    }
    return commands;
  }

  private boolean mustReplace(int i) {
    return g.member(i).gone() || !g.member(i).readable() && Chunks.has(urgent, i);
  }

  /** The member lacks blocks and has no room for them: another disk takes its place. */
  private boolean mustMove(int i) {
    return g.member(i).readable() && !g.targetWritable(i) && g.counts.missing()[i] > 0;
  }

  private void start(int i, boolean moving) {
    OptionalLong disk = placement.replacement(row, i);
    if (disk.isPresent()) {
      long[] replacements = row.replacements().clone();
      replacements[i] = disk.getAsLong();
      emit(
          new LogCommand.StartReplacement(row.id(), row.epoch(), i, disk.getAsLong(), moving),
          replacements);
    }
  }

  private void replacing(int i) {
    boolean moving = Chunks.has(row.moving(), i);
    boolean returning = Chunks.has(row.returning(), i);
    boolean memberHasAll = g.counts.missing()[i] == 0;
    boolean replacementHasAll = g.counts.replaced()[i] == g.counts.stored()[i];
    boolean back = g.member(i).readable() && !moving;
    if (back && memberHasAll
        || back && !returning && !(replacementHasAll && g.replacement(i).readable())) {
      emit(new LogCommand.CancelReplacement(row.id(), row.epoch(), i), row.replacements());
    } else if (replacementHasAll && g.replacement(i).readable() && !returning) {
      emit(new LogCommand.FinishReplacement(row.id(), row.epoch(), i), row.replacements());
    } else if (returning && (mustReplace(i) || mustMove(i))) {
      // Gone again, or without room for what it missed: the replacement takes its place after all.
      boolean move = !mustReplace(i);
      emit(
          new LogCommand.StartReplacement(row.id(), row.epoch(), i, row.replacements()[i], move),
          row.replacements());
    } else if (!returning && useless(i) && mayDrop(i)) {
      dropped = true;
      emit(new LogCommand.DropReplacement(row.id(), row.epoch(), i), row.replacements());
    }
  }

  /** Whether the replacement cannot take what it still lacks. */
  private boolean useless(int i) {
    if (!g.replacement(i).readable()) {
      return g.replacement(i).gone() || Chunks.has(urgent, i);
    }
    return !g.targetWritable(i) && placement.replacement(row, i).isPresent();
  }

  /** One at a time: two that a chunk can spare singly it may not be able to spare together. */
  private boolean mayDrop(int i) {
    return g.counts.replaced()[i] == 0 || scanned && !dropped && !Chunks.has(kept, i);
  }

  private void emit(LogCommand command, long[] replacements) {
    commands.add(command);
    row =
        new GroupRow(
            row.id(),
            row.policy(),
            row.epoch() + 1,
            row.members(),
            replacements,
            row.moving(),
            row.returning(),
            row.movedAt(),
            row.droppedAt());
  }
}
