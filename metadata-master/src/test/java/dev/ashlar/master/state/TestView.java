package dev.ashlar.master.state;

import java.util.HashMap;
import java.util.Map;

/** Who is alive, as a test wants it: every disk up and half empty unless said otherwise. */
final class TestView implements ClusterView {
  static final DiskView UP = view(0, Health.UP, 1L << 39);

  private final Map<Long, DiskView> disks = new HashMap<>();

  @Override
  public DiskView disk(long disk) {
    return disks.getOrDefault(disk, view(disk, Health.UP, 1L << 39));
  }

  private static DiskView view(long disk, Health health, long free) {
    return new DiskView(health, "host-of-" + disk + ":1", 1L << 40, free);
  }

  TestView set(Health health, long... ids) {
    for (long id : ids) {
      disks.put(id, view(id, health, 1L << 39));
    }
    return this;
  }

  TestView free(long bytes, long... ids) {
    for (long id : ids) {
      disks.put(id, view(id, Health.UP, bytes));
    }
    return this;
  }
}
