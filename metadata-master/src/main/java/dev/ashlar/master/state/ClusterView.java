package dev.ashlar.master.state;

/**
 * The leader's soft state: who is alive and has room. Thread-safe, cheap, and constant for a caller
 * that needs it so (take a snapshot).
 */
@FunctionalInterface
public interface ClusterView {
  DiskView disk(long disk);

  /**
   * @param address host:port of the server that has it now, empty if unknown
   * @param freeBytes as last reported, less what was promised since
   */
  record DiskView(Health health, String address, long capacityBytes, long freeBytes) {
    public static final DiskView UNKNOWN = new DiskView(Health.SUSPECT, "", 0, 0);

    /** Whether new blocks can be put on it. */
    public boolean writable() {
      return health == Health.UP && freeBytes >= Placement.MIN_FREE_BYTES && !address.isEmpty();
    }
  }
}
