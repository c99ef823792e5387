package dev.ashlar.protocol.rpc;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.Locale;

/** What each side says first, and how roles are called before people. */
final class Greeting {
  /**
   * Instead of a role: this side does not want the connection, and says why in the only frame that
   * follows.
   */
  static final int REFUSING = 0xFF;

  private static final Role[] ROLES = Role.values();

  private Greeting() {}

  @SuppressWarnings("EnumOrdinal") // the order of the enum is the wire format
  static ByteBuf encode(ByteBufAllocator alloc, Role role) {
    return encode(alloc, role.ordinal());
  }

  static ByteBuf refusing(ByteBufAllocator alloc) {
    return encode(alloc, REFUSING);
  }

  private static ByteBuf encode(ByteBufAllocator alloc, int role) {
    return alloc
        .directBuffer(Frames.GREETING_BYTES)
        .writeInt(Frames.MAGIC)
        .writeShort(Frames.VERSION)
        .writeByte(role);
  }

  /** As in "a chunk server". */
  static String name(Role role) {
    return "a " + role.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** The same for a role as it came, which may be of a later version. */
  static String name(int role) {
    return role < ROLES.length ? name(ROLES[role]) : "a process of the unknown role " + role;
  }

  @SuppressWarnings("EnumOrdinal")
  static boolean is(int role, Role wanted) {
    return role == wanted.ordinal();
  }
}
