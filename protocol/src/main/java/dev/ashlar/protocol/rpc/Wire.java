package dev.ashlar.protocol.rpc;

/** The numbers of the frame format; docs/FORMATS.md draws it. All integers are big endian. */
final class Wire {
  /** "ASHL" */
  static final int MAGIC = 0x4153484C;

  static final int VERSION = 1;

  /** Greeting: magic (4), version (2), role (1). */
  static final int GREETING_BYTES = 7;

  /** Frame head: length of what follows the length field (4), kind (1), request id (8), header length (4). */
  static final int HEAD_BYTES = 17;

  static final int LENGTH_BYTES = 4;
  static final int HEADER_BYTES_MAX = 4 << 20;
  static final int PAYLOAD_BYTES_MAX = 4 << 20;

  static final byte REQUEST = 1;
  static final byte REPLY = 2;

  private Wire() {}
}
