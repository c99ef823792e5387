package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.BlockKey;
import java.nio.ByteBuffer;

/**
 * Keys of the index, big endian, ids shifted so that unsigned byte order is their signed order:
 *
 * <pre>
 * 'b' chunk u64, index u16, version u64           -> a block's row
 * 'f' chunk u64                                   -> highest lease epoch seen
 * 'g' group u64, chunk u64, index u16, version u64 -> nothing
 * 'm' name                                        -> facts about the index itself
 * </pre>
 */
final class IndexKeys {
  static final byte BLOCK = 'b';
  static final byte FENCE = 'f';
  static final byte GROUP = 'g';
  static final byte META = 'm';

  private IndexKeys() {}

  static byte[] table(byte table) {
    return new byte[] {table};
  }

  static byte[] block(BlockKey key) {
    return putBlock(ByteBuffer.allocate(19).put(BLOCK), key).array();
  }

  static byte[] grouped(long group, BlockKey key) {
    return putBlock(group(ByteBuffer.allocate(27), group), key).array();
  }

  static byte[] group(long group) {
    return group(ByteBuffer.allocate(9), group).array();
  }

  static byte[] fence(long chunk) {
    return ByteBuffer.allocate(9).put(FENCE).putLong(flip(chunk)).array();
  }

  static byte[] meta(char name) {
    return new byte[] {META, (byte) name};
  }

  /** The block that ends a {@link #block} or {@link #grouped} key. */
  static BlockKey blockOf(byte[] key) {
    ByteBuffer b = ByteBuffer.wrap(key, key.length - 18, 18);
    long chunk = flip(b.getLong());
    int index = b.getShort() & 0xFFFF;
    return new BlockKey(chunk, flip(b.getLong()), index);
  }

  static long longAfterTable(byte[] key) {
    return flip(ByteBuffer.wrap(key).getLong(1));
  }

  private static ByteBuffer group(ByteBuffer out, long group) {
    return out.put(GROUP).putLong(flip(group));
  }

  private static ByteBuffer putBlock(ByteBuffer out, BlockKey key) {
    return out.putLong(flip(key.chunk()))
        .putShort((short) key.index())
        .putLong(flip(key.version()));
  }

  private static long flip(long value) {
    return value ^ Long.MIN_VALUE;
  }
}
