package dev.ashlar.chunkserver.store;

/**
 * Settings of one disk.
 *
 * @param capacityBytes most that the disk may hold (log and index), 0 for as much as the file
 *     system has
 * @param reserveBytes new data is refused when the file system has less than this free, so that
 *     deletions can still be recorded
 * @param segmentBytes a segment file is closed when it grows past this, 64 KiB to 1 GiB
 * @param punchBytes smaller unused ranges are not given back one by one, which costs more than it
 *     frees, but when their segment is compacted
 * @param queueBytes payload that may wait for the disk; more is answered with RETRY
 * @param queueOperations operations that may wait for the disk; more are answered with RETRY
 */
public record DiskOptions(
    long capacityBytes,
    long reserveBytes,
    int segmentBytes,
    int punchBytes,
    long queueBytes,
    int queueOperations) {
  public static final DiskOptions DEFAULTS =
      new DiskOptions(0, 64L << 20, 256 << 20, 64 << 10, 64L << 20, 4096);

  public DiskOptions {
    if (capacityBytes < 0 || reserveBytes < 0) {
      throw new IllegalArgumentException(
          "A disk's capacity and reserve cannot be negative, but are "
              + capacityBytes
              + " and "
              + reserveBytes
              + " bytes");
    }
    if (segmentBytes < 64 << 10 || segmentBytes > 1 << 30) {
      throw new IllegalArgumentException(
          "The segment size must be 64 KiB to 1 GiB, but is " + segmentBytes + " bytes");
    }
    if (punchBytes < 4096) {
      throw new IllegalArgumentException(
          "Ranges of less than 4096 bytes free nothing when punched, but the setting is "
              + punchBytes);
    }
    if (queueBytes < 1 << 20 || queueOperations < 16) {
      throw new IllegalArgumentException(
          "A disk's queue must hold 1 MiB and 16 operations at least, but is set to "
              + queueBytes
              + " bytes and "
              + queueOperations);
    }
  }

  public DiskOptions withCapacity(long bytes) {
    return new DiskOptions(
        bytes, reserveBytes, segmentBytes, punchBytes, queueBytes, queueOperations);
  }

  public DiskOptions withReserve(long bytes) {
    return new DiskOptions(
        capacityBytes, bytes, segmentBytes, punchBytes, queueBytes, queueOperations);
  }

  public DiskOptions withSegment(int bytes) {
    return new DiskOptions(
        capacityBytes, reserveBytes, bytes, punchBytes, queueBytes, queueOperations);
  }

  public DiskOptions withPunch(int bytes) {
    return new DiskOptions(
        capacityBytes, reserveBytes, segmentBytes, bytes, queueBytes, queueOperations);
  }
}
