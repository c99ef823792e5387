package dev.ashlar.protocol.codec;

/** What no encoding may exceed. */
final class Limits {
  /** Records and lists inside each other. */
  static final int DEPTH = 32;

  /**
   * Elements of all lists of one encoding together: an element of a byte may become an object of a
   * hundred.
   */
  static final int ELEMENTS = 1 << 20;

  /** One whole encoding. */
  static final int ENCODED_BYTES = 256 << 20;

  /** Tags, so that they index an array. */
  static final int TAG = 0xFFFF;

  /** Longest varint. */
  static final int VARINT_BYTES = 10;

  private Limits() {}
}
