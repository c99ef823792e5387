package dev.ashlar.protocol.rpc;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/** The first bytes of a connection, in both directions. */
record Greeting(int version, int role) {
  static ByteBuf bytes(ByteBufAllocator allocator, Role self) {
    return allocator.buffer(Wire.GREETING_BYTES).writeInt(Wire.MAGIC).writeShort(Wire.VERSION).writeByte(code(self));
  }

  /** The order of the roles is the wire format, as {@link Role} says. */
  @SuppressWarnings("EnumOrdinal")
  static int code(Role role) {
    return role.ordinal();
  }
}
