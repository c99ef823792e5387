package dev.ashlar.protocol.rpc;

/**
 * The bytes of a connection, all numbers big endian. First a greeting each way:
 *
 * <pre>
 *  0  u32 magic "ASHL"
 *  4  u16 protocol version
 *  6  u8  role: of the accepting side its own, or 255 if it refuses; of the connecting side the one it looks for
 * </pre>
 *
 * <p>then frames:
 *
 * <pre>
 *  0  u32 length of all that follows
 *  4  u8  kind
 *  5  u64 request id, chosen by the connecting side
 * 13  u32 length of the header
 * 17  header: a message with its tag
 *     payload: the rest
 * </pre>
 *
 * <p>A greeting and a refusal keep this form in every version, so that any two versions can tell
 * each other what is wrong.
 */
final class Frames {
  static final int MAGIC = 0x4153484C;
  static final int VERSION = 1;
  static final int GREETING_BYTES = 7;

  /** Length, kind, id, header length. */
  static final int PREFIX_BYTES = 17;

  /** What the length field counts besides header and payload. */
  static final int COUNTED_BYTES = PREFIX_BYTES - 4;

  /** Longest header. */
  static final int HEADER_MAX = 4 << 20;

  /** Longest payload: 4 MiB, and a little for those who add something to a round number. */
  static final int PAYLOAD_MAX = (4 << 20) + (64 << 10);

  static final byte REQUEST = 1;
  static final byte REPLY = 2;

  /**
   * Instead of replies, once, before the connection closes: an error that is about the connection
   * itself. Its id is 0.
   */
  static final byte REFUSAL = 3;

  private Frames() {}
}
