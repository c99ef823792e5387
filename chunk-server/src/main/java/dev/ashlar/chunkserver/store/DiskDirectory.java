package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Properties;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The data directory: who the disk is, and that nobody else uses it.
 *
 * <pre>
 * disk.identity   text: format, disk, cluster, crc (CRC32C of the lines before it, hex)
 * lock            locked while in use
 * log/            segment files
 * index/          LMDB, and the boot it was written in
 * </pre>
 */
final class DiskDirectory implements DiskHome {
  static final int FORMAT = 1;

  private static final String IDENTITY = "disk.identity";
  private static final String LOCK = "lock";
  private static final String LOG = "log";
  private static final String INDEX = "index";
  private static final String BOOT = "boot";
  private static final String DATA = "data.mdb";
  private static final String LOCK_MDB = "lock.mdb";
  private static final Logger LOGGER = LoggerFactory.getLogger(DiskDirectory.class);
  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

  private final Path directory;
  private final FileChannel lock;
  private final DiskStore.IoSource source;
  private final long disk;
  private volatile long cluster;

  private DiskDirectory(
      Path directory, FileChannel lock, DiskStore.IoSource source, long disk, long cluster) {
    this.source = source;
    this.directory = directory;
    this.lock = lock;
    this.disk = disk;
    this.cluster = cluster;
  }

  private record Identity(long disk, long cluster) {}

  /** Locks a directory and reads its identity; one that is missing or empty is formatted. */
  static DiskDirectory open(Path directory, DiskStore.IoSource source) throws IOException {
    Files.createDirectories(directory);
    FileChannel lock = lock(directory);
    try {
      Identity identity =
          Files.exists(directory.resolve(IDENTITY)) ? read(directory) : format(directory);
      if (!Files.isDirectory(directory.resolve(LOG))) {
        throw new IOException(
            directory
                + " is disk "
                + identity.disk()
                + ", but its folder '"
                + LOG
                + "' is gone: the data is lost; move the rest away to use the directory as a new disk");
      }
      return new DiskDirectory(directory, lock, source, identity.disk(), identity.cluster());
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  private static FileChannel lock(Path directory) throws IOException {
    FileChannel channel =
        FileChannel.open(
            directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock got = null;
    try {
      got = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      // This very process has it: reported below like any other.
    } finally {
      if (got == null) {
        channel.close();
      }
    }
    if (got == null) {
      throw new IOException(
          directory
              + " is in use by another chunk server: stop that one, or choose another directory");
    }
    return channel;
  }

  private static Identity format(Path directory) throws IOException {
    requireEmpty(directory);
    Files.createDirectories(directory.resolve(LOG));
    Files.createDirectories(directory.resolve(INDEX));
    long disk = new SecureRandom().nextLong() & Long.MAX_VALUE;
    Identity identity = new Identity(Math.max(1, disk), 0);
    write(directory, identity);
    return identity;
  }

  /** Only what an interrupted format leaves may be there. */
  private static void requireEmpty(Path directory) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        boolean ours =
            name.equals(LOCK)
                || name.equals(IDENTITY + ".new")
                || (name.equals(LOG) || name.equals(INDEX)) && isEmptyFolder(file);
        if (!ours) {
          throw new IOException(
              directory
                  + " is no disk of Ashlar (it has no "
                  + IDENTITY
                  + ") and not empty (it has "
                  + name
                  + "): choose an empty directory, or restore the file");
        }
      }
    }
  }

  private static boolean isEmptyFolder(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return false;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      return !files.iterator().hasNext();
    }
  }

  private static Identity read(Path directory) throws IOException {
    String text;
    try {
      text = Files.readString(directory.resolve(IDENTITY), StandardCharsets.UTF_8);
    } catch (NoSuchFileException e) {
      throw e;
    } catch (IOException e) {
      throw new IOException(damaged(directory) + " (" + e.getMessage() + ")", e);
    }
    int end = text.indexOf("crc=");
    Properties values = new Properties();
    values.load(new StringReader(text));
    String format = values.getProperty("format", "");
    if (!format.equals(Integer.toString(FORMAT))) {
      throw new IOException(
          directory
              + " has disk format '"
              + format
              + "', but this program knows only "
              + FORMAT
              + ": use the version of Ashlar that wrote it, or a newer one");
    }
    try {
      if (end >= 0 && values.getProperty("crc", "").equals(crc(text.substring(0, end)))) {
        return new Identity(
            Long.parseLong(values.getProperty("disk", "")),
            Long.parseLong(values.getProperty("cluster", "")));
      }
    } catch (NumberFormatException e) {
      throw new IOException(damaged(directory), e);
    }
    throw new IOException(damaged(directory));
  }

  private static String damaged(Path directory) {
    return directory.resolve(IDENTITY)
        + " is damaged: restore it, or empty the directory to use it as a new disk";
  }

  private static void write(Path directory, Identity identity) throws IOException {
    String text =
        "format=" + FORMAT + "\ndisk=" + identity.disk() + "\ncluster=" + identity.cluster() + "\n";
    Path fresh = directory.resolve(IDENTITY + ".new");
    try (FileChannel file =
        FileChannel.open(
            fresh,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      ByteBuffer bytes =
          ByteBuffer.wrap((text + "crc=" + crc(text) + "\n").getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        file.write(bytes);
      }
      file.force(true);
    }
    Files.move(fresh, directory.resolve(IDENTITY), StandardCopyOption.ATOMIC_MOVE);
    RealDiskIo.syncDirectory(directory);
  }

  private static String crc(String text) {
    CRC32C crc = new CRC32C();
    crc.update(text.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().toHexDigits((int) crc.getValue());
  }

  @Override
  public Path path() {
    return directory;
  }

  private Path log() {
    return directory.resolve(LOG);
  }

  private Path index() {
    return directory.resolve(INDEX);
  }

  @Override
  public long disk() {
    return disk;
  }

  @Override
  public OrderedStore openIndex() throws IOException {
    return LmdbStore.open(index());
  }

  @Override
  public DiskIo openLog() throws IOException {
    return source.open(log());
  }

  @Override
  public long cluster() {
    return cluster;
  }

  @Override
  public synchronized void adopt(long wanted) throws IOException {
    if (cluster == wanted) {
      return;
    }
    if (cluster != 0 || wanted == 0) {
      throw new AshlarException(
          ErrorCode.INVALID,
          "Disk "
              + disk
              + " at "
              + directory
              + " belongs to cluster "
              + cluster
              + ", not to "
              + wanted);
    }
    write(directory, new Identity(disk, wanted));
    cluster = wanted;
  }

  @Override
  public void check() throws IOException {
    Identity now;
    try {
      now = read(directory);
    } catch (NoSuchFileException e) {
      throw new IOException("The directory " + directory + " is gone", e);
    } catch (IOException e) {
      throw LinuxFiles.cannotOpen(directory.resolve(IDENTITY), e);
    }
    if (now.disk() != disk || !Files.isDirectory(log())) {
      throw new IOException("The directory " + directory + " is not disk " + disk + " any more");
    }
  }

  /**
   * Removes an index that cannot be trusted: a damaged one, and one written before the machine was
   * last started, since it is never synced.
   *
   * @return whether the index that is there may be used
   */
  @Override
  public boolean prepareIndex() throws IOException {
    String boot = boot();
    if (boot != null && Files.exists(index().resolve(BOOT)) && boot.equals(written())) {
      Path data = index().resolve(DATA);
      String fault = Files.exists(data) ? IndexCheck.fault(data) : null;
      if (fault == null) {
        remove(index().resolve(LOCK_MDB));
        return true;
      }
      LOGGER.warn("Disk {}: building the index anew from the log: {}", disk, fault);
    }
    resetIndex();
    return false;
  }

  /** Removes the index; the next one counts for this boot of the machine. */
  @Override
  public void resetIndex() throws IOException {
    distrustIndex();
    remove(index().resolve(DATA));
    remove(index().resolve(LOCK_MDB));
    Files.createDirectories(index());
    String boot = boot();
    if (boot != null) {
      Files.writeString(index().resolve(BOOT), boot, StandardCharsets.UTF_8);
    }
  }

  @Override
  public void distrustIndex() throws IOException {
    remove(index().resolve(BOOT));
  }

  /** A folder in place of a file is damage, and goes with all that is in it. */
  private static void remove(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      try (DirectoryStream<Path> inside = Files.newDirectoryStream(file)) {
        for (Path each : inside) {
          remove(each);
        }
      }
    }
    Files.deleteIfExists(file);
  }

  /** The boot that the index was written in, null if that cannot be read. */
  private @Nullable String written() {
    try {
      return Files.readString(index().resolve(BOOT), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return null;
    }
  }

  private static @Nullable String boot() throws IOException {
    return Files.isReadable(BOOT_ID) ? Files.readString(BOOT_ID, StandardCharsets.UTF_8) : null;
  }

  @Override
  public void close() throws IOException {
    lock.close();
  }
}
