package dev.ashlar.master.store;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.Cursor;
import org.lmdbjava.Dbi;
import org.lmdbjava.GetOp;
import org.lmdbjava.LmdbException;
import org.lmdbjava.PutFlags;
import org.lmdbjava.SeekOp;
import org.lmdbjava.Txn;

/**
 * A read or write transaction of {@link LmdbStore}. A stored value is the value and then 4 bytes of
 * CRC32C over key and value, big endian.
 */
final class LmdbTxn implements WriteTxn {
  private static final byte[] APPLIED = {'a', 'p', 'p', 'l', 'i', 'e', 'd'};

  private final Txn<ByteBuffer> txn;
  private final Dbi<ByteBuffer> data;
  private final Dbi<ByteBuffer> meta;
  private final KeyBuffers buffers;
  private final ByteBuffer keyBuffer;
  private final Runnable unlock;
  private final Consumer<Applied> onCommit;
  private final Consumer<StoreException> onDamage;
  private @Nullable Applied position;
  private boolean open = true;

  LmdbTxn(
      Txn<ByteBuffer> txn,
      Dbi<ByteBuffer> data,
      Dbi<ByteBuffer> meta,
      KeyBuffers buffers,
      Runnable unlock,
      Consumer<Applied> onCommit,
      Consumer<StoreException> onDamage) {
    this.txn = txn;
    this.data = data;
    this.meta = meta;
    this.buffers = buffers;
    this.keyBuffer = buffers.take();
    this.unlock = unlock;
    this.onCommit = onCommit;
    this.onDamage = onDamage;
  }

  @Override
  public byte @Nullable [] get(byte[] key) {
    try {
      ByteBuffer stored = data.get(txn, direct(key));
      return stored == null ? null : checked(key, stored);
    } catch (LmdbException e) {
      throw damage(failed("read", e));
    } catch (StoreException e) {
      throw damage(e);
    }
  }

  @Override
  public void scan(byte[] from, byte @Nullable [] toExclusive, Visitor visitor) {
    try (Cursor<ByteBuffer> cursor = data.openCursor(txn)) {
      boolean more = cursor.get(direct(from), GetOp.MDB_SET_RANGE);
      while (more) {
        byte[] key = bytes(cursor.key());
        if (toExclusive != null && Arrays.compareUnsigned(key, toExclusive) >= 0) {
          return;
        }
        if (!visitor.visit(key, value(key, cursor.val()))) {
          return;
        }
        more = cursor.seek(SeekOp.MDB_NEXT);
      }
    } catch (LmdbException e) {
      throw damage(failed("scan", e));
    }
  }

  private byte[] value(byte[] key, ByteBuffer stored) {
    try {
      return checked(key, stored);
    } catch (StoreException e) {
      throw damage(e);
    }
  }

  private StoreException damage(StoreException e) {
    onDamage.accept(e);
    return e;
  }

  @Override
  public void put(byte[] key, byte[] value) {
    try {
      ByteBuffer room = data.reserve(txn, direct(key), value.length + 4);
      room.put(value).putInt(checksum(key, value));
    } catch (LmdbException e) {
      throw failed("write", e);
    }
  }

  @Override
  public void delete(byte[] key) {
    try {
      data.delete(txn, direct(key));
    } catch (LmdbException e) {
      throw failed("delete", e);
    }
  }

  @Override
  public Applied applied() {
    Applied p = position;
    try {
      return p == null ? readApplied(txn, meta) : p;
    } catch (LmdbException e) {
      throw failed("read", e);
    }
  }

  static Applied readApplied(Txn<ByteBuffer> txn, Dbi<ByteBuffer> meta) {
    ByteBuffer v = meta.get(txn, ByteBuffer.allocateDirect(APPLIED.length).put(APPLIED).flip());
    return v == null ? Applied.NOTHING : applied(bytes(v));
  }

  /** Older stores have no checksum here. */
  private static Applied applied(byte[] stored) {
    byte[] value = stored;
    if (stored.length != 16) {
      value = checked(APPLIED, ByteBuffer.wrap(stored));
    }
    if (value.length != 16) {
      throw corrupt(APPLIED);
    }
    ByteBuffer in = ByteBuffer.wrap(value);
    return new Applied(in.getLong(), in.getLong());
  }

  /**
   * Looks at a stored entry of one of the two tables.
   *
   * @throws StoreException if it does not match its checksum
   */
  static void check(String table, byte[] key, byte[] stored) {
    if (table.equals("data")) {
      checked(key, ByteBuffer.wrap(stored));
    } else if (table.equals("meta") && Arrays.equals(key, APPLIED)) {
      applied(stored);
    } else {
      throw corrupt(key);
    }
  }

  @Override
  public void setApplied(Applied p) {
    try {
      byte[] value = ByteBuffer.allocate(16).putLong(p.term()).putLong(p.index()).array();
      ByteBuffer v =
          ByteBuffer.allocateDirect(20).put(value).putInt(checksum(APPLIED, value)).flip();
      meta.put(txn, direct(APPLIED), v, new PutFlags[0]);
      position = p;
    } catch (LmdbException e) {
      throw failed("write", e);
    }
  }

  @Override
  public void commit() {
    try {
      txn.commit();
    } catch (LmdbException e) {
      throw failed("commit", e);
    }
    if (position != null) {
      onCommit.accept(position);
    }
  }

  @Override
  public void close() {
    if (!open) {
      return;
    }
    open = false;
    try {
      txn.close();
    } finally {
      buffers.give(keyBuffer);
      unlock.run();
    }
  }

  private ByteBuffer direct(byte[] key) {
    if (key.length == 0 || key.length > KeyBuffers.KEY_BYTES) {
      throw new IllegalArgumentException(
          "A key must have 1 to " + KeyBuffers.KEY_BYTES + " bytes, but has " + key.length);
    }
    return keyBuffer.clear().put(key).flip();
  }

  private static byte[] checked(byte[] key, ByteBuffer stored) {
    if (stored.remaining() < 4) {
      throw corrupt(key);
    }
    byte[] value = new byte[stored.remaining() - 4];
    stored.get(value);
    if (stored.getInt() != checksum(key, value)) {
      throw corrupt(key);
    }
    return value;
  }

  private static int checksum(byte[] key, byte[] value) {
    CRC32C crc = new CRC32C();
    crc.update(key);
    crc.update(value);
    return (int) crc.getValue();
  }

  private static byte[] bytes(ByteBuffer b) {
    byte[] a = new byte[b.remaining()];
    b.duplicate().get(a);
    return a;
  }

  private static StoreException corrupt(byte[] key) {
    return new StoreException(
        "The value of key "
            + HexFormat.of().formatHex(key)
            + " does not match its checksum: the metadata store is damaged. Stop this master and replace it from its peers");
  }

  private static StoreException failed(String what, LmdbException e) {
    return new StoreException("LMDB failed to " + what + ": " + e.getMessage(), e);
  }
}
