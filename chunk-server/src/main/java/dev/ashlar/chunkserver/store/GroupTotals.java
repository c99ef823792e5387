package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.Checksums;
import dev.ashlar.protocol.message.MasterRequest.GroupDigest;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Number and digest of the sealed blocks of each placement group. Changed by the disk's thread,
 * read by any.
 */
final class GroupTotals {
  private final Map<Long, GroupDigest> groups = new ConcurrentHashMap<>();
  private final AtomicLong blocks = new AtomicLong();

  void add(BlockRow row) {
    change(row, 1);
  }

  void remove(BlockRow row) {
    change(row, -1);
  }

  private void change(BlockRow row, int sign) {
    blocks.addAndGet(sign);
    groups.compute(
        row.group(),
        (group, old) -> {
          long count = (old == null ? 0 : old.blocks()) + sign;
          long digest =
              (old == null ? 0 : old.digest()) + sign * Checksums.digest(row.key(), row.root());
          return count == 0 ? null : new GroupDigest(group, count, digest);
        });
  }

  List<GroupDigest> all() {
    return List.copyOf(groups.values());
  }

  long blocks() {
    return blocks.get();
  }
}
