package dev.ashlar.master.state;

import dev.ashlar.master.state.ClusterView.DiskView;
import dev.ashlar.master.state.Rows.GroupCounts;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.protocol.Policy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A group with the state of its disks at one moment. */
final class GroupHealth {
  final GroupRow group;
  final GroupCounts counts;
  final Policy policy;
  private final List<Health> members = new ArrayList<>();
  private final List<Health> replacements = new ArrayList<>();
  private final ClusterView view;

  /** What, once changed, makes earlier findings about the group's chunks worthless. */
  record Signature(long epoch, List<Health> members, List<Health> replacements) {}

  GroupHealth(GroupRow group, GroupCounts counts, ClusterView view) {
    this.group = group;
    this.counts = counts;
    this.view = view;
    policy = Policies.of(group.policy());
    for (int i = 0; i < group.members().length; i++) {
      members.add(view.disk(group.members()[i]).health());
      replacements.add(
          group.replacements()[i] == 0 ? Health.LOST : view.disk(group.replacements()[i]).health());
    }
  }

  Signature signature() {
    return new Signature(group.epoch(), members, replacements);
  }

  Health member(int index) {
    return members.get(index);
  }

  boolean replacing(int index) {
    return group.replacements()[index] != 0;
  }

  Health replacement(int index) {
    return replacements.get(index);
  }

  /** Whether a block can be rebuilt now onto the disk where it should go. */
  boolean targetWritable(int index) {
    DiskView v = view.disk(group.target(index));
    return v.writable();
  }

  boolean targetIsReplacement(int index) {
    return replacing(index) && group.target(index) == group.replacements()[index];
  }

  /** Blocks that can be read or written somewhere. */
  int usable() {
    int usable = 0;
    for (int i = 0; i < members.size(); i++) {
      usable += member(i).readable() || replacing(i) && replacement(i).readable() ? 1 : 0;
    }
    return usable;
  }

  /** Whether anything about the group needs attention. */
  boolean troubled() {
    return members.stream().anyMatch(h -> !h.readable())
        || Arrays.stream(group.replacements()).anyMatch(r -> r != 0)
        || Arrays.stream(counts.missing()).anyMatch(n -> n > 0);
  }
}
