package dev.ashlar.chunkserver.store;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.Cursor;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.GetOp;
import org.lmdbjava.SeekOp;
import org.lmdbjava.Txn;

/**
 * An {@link OrderedStore} in LMDB without syncing: safe when the process dies, worthless when the
 * machine does. Reading an environment that another thread closes would crash the JVM, hence the
 * lock around each use.
 */
final class LmdbStore implements OrderedStore {
  static final String TABLE = "index";

  /** Address space, not memory or disk: the most the index can grow to. */
  private static final long MAP_BYTES = 64L << 30;

  private static final int MAX_READERS = 4096;
  private static final int MAX_KEY = 64;

  private final Path directory;
  private final Env<ByteBuffer> env;
  private final Dbi<ByteBuffer> table;
  private final ReentrantReadWriteLock use = new ReentrantReadWriteLock();
  private final ArrayBlockingQueue<ByteBuffer> keyBuffers = new ArrayBlockingQueue<>(64);
  private final ByteBuffer keyBuffer = ByteBuffer.allocateDirect(MAX_KEY);
  private ByteBuffer valueBuffer = ByteBuffer.allocateDirect(16 << 10);
  private @Nullable Txn<ByteBuffer> changes;
  private boolean closed;

  private LmdbStore(Path directory, Env<ByteBuffer> env, Dbi<ByteBuffer> table) {
    this.directory = directory;
    this.env = env;
    this.table = table;
  }

  static LmdbStore open(Path directory) throws IOException {
    Files.createDirectories(directory);
    try {
      Env<ByteBuffer> env =
          Env.create()
              .setMapSize(MAP_BYTES)
              .setMaxDbs(1)
              .setMaxReaders(MAX_READERS)
              .open(
                  directory.toFile(),
                  EnvFlags.MDB_NOSYNC,
                  EnvFlags.MDB_NOTLS,
                  EnvFlags.MDB_NORDAHEAD);
      return new LmdbStore(directory, env, env.openDbi(TABLE, DbiFlags.MDB_CREATE));
    } catch (RuntimeException e) {
      throw new IndexException("Cannot open the index in " + directory + ": " + e.getMessage(), e);
    }
  }

  @Override
  public View committed() {
    return new Committed();
  }

  @Override
  public View pending() {
    return new Pending();
  }

  @Override
  public void put(byte[] key, byte[] value) throws IOException {
    if (valueBuffer.capacity() < value.length) {
      valueBuffer = ByteBuffer.allocateDirect(value.length * 2);
    }
    valueBuffer.clear().put(value).flip();
    try {
      table.put(changes(), key(key), valueBuffer);
    } catch (RuntimeException e) {
      throw failure("write", e);
    }
  }

  @Override
  public void delete(byte[] key) throws IOException {
    try {
      table.delete(changes(), key(key));
    } catch (RuntimeException e) {
      throw failure("delete from", e);
    }
  }

  @Override
  public void commit() throws IOException {
    Txn<ByteBuffer> txn = changes;
    changes = null;
    if (txn == null) {
      return;
    }
    try (txn) {
      txn.commit();
    } catch (RuntimeException e) {
      throw failure("commit to", e);
    }
  }

  @Override
  public void rollback() {
    Txn<ByteBuffer> txn = changes;
    changes = null;
    if (txn != null) {
      txn.close();
    }
  }

  @Override
  public long bytes() {
    return directory.resolve("data.mdb").toFile().length();
  }

  @Override
  public void close() {
    use.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        rollback();
        env.close();
      }
    } finally {
      use.writeLock().unlock();
    }
  }

  private Txn<ByteBuffer> changes() throws IOException {
    Txn<ByteBuffer> txn = changes;
    if (txn == null) {
      if (closed) {
        throw new IndexException("The index in " + directory + " is closed", null);
      }
      txn = env.txnWrite();
      changes = txn;
    }
    return txn;
  }

  private ByteBuffer key(byte[] key) {
    return keyBuffer.clear().put(key).flip();
  }

  private IndexException failure(String what, RuntimeException e) {
    return new IndexException(
        "Cannot " + what + " the index in " + directory + ": " + e.getMessage(), e);
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  private byte @Nullable [] get(Txn<ByteBuffer> txn, ByteBuffer key) {
    ByteBuffer value = table.get(txn, key);
    return value == null ? null : bytes(value);
  }

  private void scan(Txn<ByteBuffer> txn, ByteBuffer from, Visitor visitor) throws IOException {
    try (Cursor<ByteBuffer> cursor = table.openCursor(txn)) {
      boolean found = cursor.get(from, GetOp.MDB_SET_RANGE);
      while (found
          && visitor.visit(
              bytes(requireNonNull(cursor.key())), bytes(requireNonNull(cursor.val())))) {
        found = cursor.seek(SeekOp.MDB_NEXT);
      }
    }
  }

  private final class Pending implements View {
    @Override
    public byte @Nullable [] get(byte[] key) throws IOException {
      try {
        return LmdbStore.this.get(changes(), key(key));
      } catch (RuntimeException e) {
        throw failure("read", e);
      }
    }

    @Override
    public void scan(byte[] from, Visitor visitor) throws IOException {
      try {
        LmdbStore.this.scan(changes(), key(from), visitor);
      } catch (RuntimeException e) {
        throw failure("scan", e);
      }
    }
  }

  private final class Committed implements View {
    @Override
    public byte @Nullable [] get(byte[] key) throws IOException {
      return reading(key, (txn, at) -> LmdbStore.this.get(txn, at));
    }

    @Override
    public void scan(byte[] from, Visitor visitor) throws IOException {
      reading(
          from,
          (txn, at) -> {
            LmdbStore.this.scan(txn, at, visitor);
            return null;
          });
    }

    private byte @Nullable [] reading(byte[] key, Reader reader) throws IOException {
      ByteBuffer spare = keyBuffers.poll();
      ByteBuffer buffer = spare == null ? ByteBuffer.allocateDirect(MAX_KEY) : spare;
      use.readLock().lock();
      try {
        if (closed) {
          throw new IndexException("The index in " + directory + " is closed", null);
        }
        try (Txn<ByteBuffer> txn = env.txnRead()) {
          return reader.read(txn, buffer.clear().put(key).flip());
        }
      } catch (RuntimeException e) {
        throw failure("read", e);
      } finally {
        use.readLock().unlock();
        keyBuffers.offer(buffer);
      }
    }
  }

  @FunctionalInterface
  private interface Reader {
    byte @Nullable [] read(Txn<ByteBuffer> txn, ByteBuffer key) throws IOException;
  }
}
