package dev.ashlar.torture.faultfs;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;

/**
 * What statx(2) says of a file.
 *
 * @param blocks of 512 bytes
 * @param mode type and permissions
 */
record FileStat(
    long ino,
    long size,
    long blocks,
    int mode,
    int nlink,
    int uid,
    int gid,
    Time accessed,
    Time modified,
    Time changed) {
  private static final int TYPE = 0170000;
  private static final int DIRECTORY = 0040000;

  /** A point in time, as files have it. */
  record Time(long seconds, int nanos) {
    private static Time at(MemorySegment statx, long offset) {
      return new Time(statx.get(JAVA_LONG, offset), statx.get(JAVA_INT, offset + 8));
    }
  }

  static FileStat decode(MemorySegment statx) {
    return new FileStat(
        statx.get(JAVA_LONG, 32),
        statx.get(JAVA_LONG, 40),
        statx.get(JAVA_LONG, 48),
        statx.get(JAVA_SHORT, 28) & 0xffff,
        statx.get(JAVA_INT, 16),
        statx.get(JAVA_INT, 20),
        statx.get(JAVA_INT, 24),
        Time.at(statx, 64),
        Time.at(statx, 112),
        Time.at(statx, 96));
  }

  boolean directory() {
    return (mode & TYPE) == DIRECTORY;
  }
}
