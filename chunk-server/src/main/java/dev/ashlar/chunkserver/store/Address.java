package dev.ashlar.chunkserver.store;

/**
 * A place in the log as one number: segment id in the high 32 bits, position in the segment file in
 * the low ones. Later in the log is higher.
 */
final class Address {
  private Address() {}

  static long of(int segment, long position) {
    return ((long) segment << 32) | position;
  }

  static int segment(long address) {
    return (int) (address >>> 32);
  }

  static long position(long address) {
    return address & 0xFFFF_FFFFL;
  }

  static String text(long address) {
    return SegmentName.of(segment(address)) + ":" + position(address);
  }
}
