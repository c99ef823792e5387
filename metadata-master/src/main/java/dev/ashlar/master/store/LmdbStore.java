package dev.ashlar.master.store;

import dev.ashlar.protocol.LmdbFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.LmdbException;
import org.lmdbjava.Txn;

/**
 * The store on LMDB. Commits are not synced: the Raft log is the durable truth, and the page cache
 * survives the death of the process. It does not survive the death of the machine, so the directory
 * notes the machine's boot id: {@link #trusted} says whether what is there can be used, or must be
 * replaced by a snapshot.
 *
 * <p>Every value is stored with a CRC32C over key and value, since LMDB has no page checksums. Any
 * error of LMDB and any mismatch is a {@link StoreException}.
 *
 * <p>Using an LMDB environment that is closed kills the JVM, so every transaction holds {@link
 * #envLock} shared, and closing or replacing takes it alone. A transaction must be closed by the
 * thread that opened it.
 */
public final class LmdbStore implements KeyValueStore {
  public static final long DEFAULT_MAP_SIZE = 64L << 30;

  private static final int MAX_READERS = 1024;
  private static final String BOOT_FILE = "boot";
  private static final String DATA_FILE = "data.mdb";

  private final Path dir;
  private final long mapSize;
  private final ReentrantReadWriteLock envLock = new ReentrantReadWriteLock();
  private final KeyBuffers keyBuffers = new KeyBuffers();
  private @Nullable Opened opened;
  private volatile Applied applied = Applied.NOTHING;
  private volatile Consumer<StoreException> onDamage = e -> {};

  private record Opened(Env<ByteBuffer> env, Dbi<ByteBuffer> data, Dbi<ByteBuffer> meta) {}

  /**
   * Opens the directory, making it if need be.
   *
   * @param mapSize largest size of the store in bytes; the file is sparse
   * @throws StoreException if it cannot be opened
   */
  public LmdbStore(Path dir, long mapSize) {
    this.dir = dir;
    this.mapSize = mapSize;
    exclusively(this::open);
  }

  /**
   * Whom to tell when a transaction that begins after this meets damage; the one who reads gets the
   * exception too.
   */
  public void onDamage(Consumer<StoreException> damaged) {
    onDamage = damaged;
  }

  /**
   * Whether the store in this directory was last used since the machine booted. If not, delete it
   * and restore a snapshot.
   */
  public static boolean trusted(Path dir) {
    try {
      Path boot = dir.resolve(BOOT_FILE);
      return Files.exists(dir.resolve(DATA_FILE))
          && Files.exists(boot)
          && Files.readString(boot).equals(bootId());
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Reads all of a store that is not open, without LMDB, which trusts every page.
   *
   * @return what is wrong with it: a part of a sentence; null if nothing
   */
  public static @Nullable String fault(Path dir) throws IOException {
    Path file = dir.resolve(DATA_FILE);
    try {
      LmdbFile.check(file, LmdbTxn::check);
      return null;
    } catch (LmdbFile.Damaged | StoreException e) {
      return String.valueOf(e.getMessage());
    } catch (IOException e) {
      return file + " cannot be read (" + e + ")";
    }
  }

  @Override
  public ReadTxn read() {
    return begin(o -> {
      Txn<ByteBuffer> txn = o.env.txnRead();
      return new LmdbTxn(
          txn, o.data, o.meta, keyBuffers, envLock.readLock()::unlock, this::committed, onDamage);
    });
  }

  @Override
  public WriteTxn write() {
    return begin(o -> {
      Txn<ByteBuffer> txn = o.env.txnWrite();
      return new LmdbTxn(
          txn, o.data, o.meta, keyBuffers, envLock.readLock()::unlock, this::committed, onDamage);
    });
  }

  private interface Begin {
    LmdbTxn on(Opened o);
  }

  private LmdbTxn begin(Begin begin) {
    envLock.readLock().lock();
    boolean done = false;
    try {
      LmdbTxn txn = begin.on(current());
      done = true;
      return txn;
    } catch (LmdbException e) {
      throw new StoreException(
          "LMDB cannot begin a transaction in " + dir + ": " + e.getMessage(), e);
    } finally {
      if (!done) {
        envLock.readLock().unlock();
      }
    }
  }

  @Override
  public Applied applied() {
    return applied;
  }

  private void committed(Applied position) {
    applied = position;
  }

  /**
   * Writes a consistent, synced copy of the store to a new file, while others read and write.
   *
   * @return the position inside the copy
   */
  public Applied copyTo(Path file) {
    Path work = file.resolveSibling(file.getFileName() + ".copying");
    envLock.readLock().lock();
    try {
      FileTrees.delete(work);
      Files.createDirectories(work);
      current().env.copy(work.toFile());
      Applied inside = positionIn(work);
      FileTrees.sync(work.resolve(DATA_FILE));
      Files.move(work.resolve(DATA_FILE), file, StandardCopyOption.ATOMIC_MOVE);
      FileTrees.syncParent(file);
      FileTrees.delete(work);
      return inside;
    } catch (IOException | LmdbException e) {
      throw new StoreException(
          "Cannot copy the store " + dir + " to " + file + ": " + e.getMessage(), e);
    } finally {
      envLock.readLock().unlock();
    }
  }

  private Applied positionIn(Path copy) {
    try (Env<ByteBuffer> env =
        Env.create()
            .setMapSize(mapSize)
            .setMaxDbs(2)
            .open(copy.toFile(), EnvFlags.MDB_RDONLY_ENV, EnvFlags.MDB_NOLOCK)) {
      Dbi<ByteBuffer> meta = env.openDbi("meta");
      try (Txn<ByteBuffer> txn = env.txnRead()) {
        return LmdbTxn.readApplied(txn, meta);
      }
    }
  }

  /**
   * Replaces everything by a file that {@link #copyTo} made. Waits for open transactions to end.
   */
  public void restore(Path file) {
    exclusively(() -> {
      closeEnv(false);
      Path fresh = dir.resolveSibling(dir.getFileName() + ".restoring");
      FileTrees.delete(fresh);
      Files.createDirectories(fresh);
      Files.copy(file, fresh.resolve(DATA_FILE));
      FileTrees.sync(fresh.resolve(DATA_FILE));
      FileTrees.delete(dir);
      Files.move(fresh, dir, StandardCopyOption.ATOMIC_MOVE);
      FileTrees.syncParent(dir);
      open();
    });
  }

  /** Starts over with an empty store. Waits for open transactions to end. */
  public void wipe() {
    exclusively(() -> {
      closeEnv(false);
      FileTrees.delete(dir);
      open();
    });
  }

  /** Syncs and closes; closing twice does nothing. Waits for open transactions to end. */
  @Override
  public void close() {
    exclusively(() -> closeEnv(true));
  }

  private interface Change {
    void run() throws IOException;
  }

  private void exclusively(Change change) {
    if (envLock.getReadHoldCount() > 0) {
      throw new IllegalStateException("This thread still has a transaction open on " + dir);
    }
    envLock.writeLock().lock();
    try {
      change.run();
    } catch (IOException | LmdbException e) {
      throw new StoreException(
          "Cannot open, close or replace the store " + dir + ": " + e.getMessage(), e);
    } finally {
      envLock.writeLock().unlock();
    }
  }

  private void open() throws IOException {
    Files.createDirectories(dir);
    Env<ByteBuffer> env =
        Env.create()
            .setMapSize(mapSize)
            .setMaxDbs(2)
            .setMaxReaders(MAX_READERS)
            .open(dir.toFile(), EnvFlags.MDB_NOSYNC, EnvFlags.MDB_NOTLS, EnvFlags.MDB_NORDAHEAD);
    boolean done = false;
    try {
      Opened o =
          new Opened(
              env,
              env.openDbi("data", DbiFlags.MDB_CREATE),
              env.openDbi("meta", DbiFlags.MDB_CREATE));
      try (Txn<ByteBuffer> txn = env.txnRead()) {
        applied = LmdbTxn.readApplied(txn, o.meta);
      }
      env.sync(true);
      Files.writeString(dir.resolve(BOOT_FILE), bootId());
      FileTrees.sync(dir.resolve(BOOT_FILE));
      opened = o;
      done = true;
    } finally {
      if (!done) {
        env.close();
      }
    }
  }

  private void closeEnv(boolean sync) {
    Opened o = opened;
    if (o != null) {
      opened = null;
      try (Env<ByteBuffer> env = o.env) {
        if (sync) {
          env.sync(true);
        }
      }
    }
  }

  private Opened current() {
    Opened o = opened;
    if (o == null) {
      throw new StoreException("The store " + dir + " is closed");
    }
    return o;
  }

  private static String bootId() throws IOException {
    return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
  }
}
