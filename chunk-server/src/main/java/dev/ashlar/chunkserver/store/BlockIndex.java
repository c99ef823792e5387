package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.BlockKey;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Sealed blocks, and fences, over an {@link OrderedStore}. Every value ends in the CRC32C of key
 * and value, so that no row passes for that of another block; a value that fails it is an
 * IndexException, which at start means that the index is built again from the log. Reads take the
 * view to look at.
 */
final class BlockIndex {
  private static final char POSITION = 'p';

  @FunctionalInterface
  interface RowVisitor {
    boolean visit(BlockRow row) throws IOException;
  }

  /** Two numbers of one key. */
  @FunctionalInterface
  interface LongVisitor {
    void visit(long key, long value) throws IOException;
  }

  private final OrderedStore store;

  BlockIndex(OrderedStore store) {
    this.store = store;
  }

  OrderedStore.View committed() {
    return store.committed();
  }

  OrderedStore.View pending() {
    return store.pending();
  }

  @Nullable BlockRow row(OrderedStore.View view, BlockKey key) throws IOException {
    byte[] value = view.get(IndexKeys.block(key));
    return value == null ? null : decode(key, IndexKeys.block(key), value);
  }

  /** Rows from a key (included) upwards. */
  void rows(OrderedStore.View view, @Nullable BlockKey from, RowVisitor visitor)
      throws IOException {
    byte[] start = from == null ? IndexKeys.table(IndexKeys.BLOCK) : IndexKeys.block(from);
    view.scan(
        start,
        (key, value) ->
            key[0] == IndexKeys.BLOCK && visitor.visit(decode(IndexKeys.blockOf(key), key, value)));
  }

  /** All versions of one block, oldest first. */
  List<BlockRow> versions(OrderedStore.View view, long chunk, int index) throws IOException {
    List<BlockRow> found = new ArrayList<>();
    rows(
        view,
        new BlockKey(chunk, Long.MIN_VALUE, index),
        row -> row.key().chunk() == chunk && row.key().index() == index && found.add(row));
    return found;
  }

  /** Highest epoch of the rows of a chunk, -1 if there are none. */
  long highestEpoch(OrderedStore.View view, long chunk) throws IOException {
    long[] highest = {-1};
    rows(
        view,
        new BlockKey(chunk, Long.MIN_VALUE, 0),
        row -> {
          if (row.key().chunk() != chunk) {
            return false;
          }
          highest[0] = Math.max(highest[0], row.epoch());
          return true;
        });
    return highest[0];
  }

  List<BlockKey> ofGroup(OrderedStore.View view, long group) throws IOException {
    List<BlockKey> found = new ArrayList<>();
    view.scan(
        IndexKeys.group(group),
        (key, value) ->
            key[0] == IndexKeys.GROUP
                && IndexKeys.longAfterTable(key) == group
                && found.add(IndexKeys.blockOf(key)));
    return found;
  }

  void put(BlockRow row) throws IOException {
    ByteBuffer value =
        ByteBuffer.allocate(20 + row.bodyBytes())
            .putLong(row.group())
            .putLong(row.epoch())
            .putInt(row.sealTo());
    row.encodeBody(value);
    byte[] key = IndexKeys.block(row.key());
    store.put(key, withCrc(key, value));
    store.put(IndexKeys.grouped(row.group(), row.key()), new byte[0]);
  }

  void remove(BlockRow row) throws IOException {
    store.delete(IndexKeys.block(row.key()));
    store.delete(IndexKeys.grouped(row.group(), row.key()));
  }

  /** Highest lease epoch that wrote to a chunk, 0 if unknown. */
  long fence(OrderedStore.View view, long chunk) throws IOException {
    byte[] key = IndexKeys.fence(chunk);
    return number(key, view.get(key), 0);
  }

  void fence(long chunk, long epoch) throws IOException {
    byte[] key = IndexKeys.fence(chunk);
    store.put(key, number(key, epoch));
  }

  void dropFence(long chunk) throws IOException {
    store.delete(IndexKeys.fence(chunk));
  }

  void fences(OrderedStore.View view, LongVisitor visitor) throws IOException {
    view.scan(
        IndexKeys.table(IndexKeys.FENCE),
        (key, value) -> {
          if (key[0] != IndexKeys.FENCE) {
            return false;
          }
          visitor.visit(IndexKeys.longAfterTable(key), number(key, value, 0));
          return true;
        });
  }

  /**
   * Log address up to which everything is in the index (and was on media when that was committed),
   * -1 if the index was never complete.
   */
  long position(OrderedStore.View view) throws IOException {
    byte[] key = IndexKeys.meta(POSITION);
    return number(key, view.get(key), -1);
  }

  void position(long address) throws IOException {
    byte[] key = IndexKeys.meta(POSITION);
    store.put(key, number(key, address));
  }

  void commit() throws IOException {
    store.commit();
  }

  void rollback() {
    store.rollback();
  }

  long bytes() {
    return store.bytes();
  }

  void close() {
    store.close();
  }

  static BlockRow decode(BlockKey block, byte[] key, byte[] value) throws IOException {
    ByteBuffer in = checked(key, value);
    try {
      long group = in.getLong();
      long epoch = in.getLong();
      return BlockRow.decodeBody(block, group, epoch, in.getInt(), in);
    } catch (RuntimeException e) {
      throw new IndexException("The index entry of " + block + " is damaged: " + e.getMessage(), e);
    }
  }

  /**
   * @throws IndexException if a number does not match its checksum
   */
  static void requireSound(byte[] key, byte[] value) throws IOException {
    number(key, value, 0);
  }

  private static byte[] number(byte[] key, long value) {
    return withCrc(key, ByteBuffer.allocate(8).putLong(value));
  }

  private static long number(byte[] key, byte @Nullable [] value, long otherwise)
      throws IOException {
    return value == null ? otherwise : checked(key, value).getLong();
  }

  private static byte[] withCrc(byte[] key, ByteBuffer value) {
    byte[] bytes = new byte[value.position() + 4];
    value.flip().get(bytes, 0, value.limit());
    ByteBuffer.wrap(bytes).putInt(bytes.length - 4, crc(key, bytes));
    return bytes;
  }

  private static int crc(byte[] key, byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(key);
    crc.update(bytes, 0, bytes.length - 4);
    return (int) crc.getValue();
  }

  private static ByteBuffer checked(byte[] key, byte[] value) throws IOException {
    if (value.length < 12 || ByteBuffer.wrap(value).getInt(value.length - 4) != crc(key, value)) {
      throw new IndexException("An entry of the index does not match its checksum", null);
    }
    return ByteBuffer.wrap(value, 0, value.length - 4);
  }
}
