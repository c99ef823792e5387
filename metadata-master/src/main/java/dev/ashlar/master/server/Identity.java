package dev.ashlar.master.server;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import java.util.zip.CRC32C;

/**
 * Whom a master's directory belongs to, in its file {@code identity.properties}. Written before
 * anybody else is told of it, so that what others know about this directory is true for ever.
 *
 * @param incarnation random number of this directory, not 0
 * @param group id of the Raft group, empty until the directory belongs to a cluster
 * @param founders the first masters, if this is one of them
 * @param started true once Raft has kept its log here: from then on a missing log is a loss
 * @param promises true once promises are kept here: from then on missing ones are a loss
 */
record Identity(
    String name,
    long incarnation,
    String group,
    List<Founder> founders,
    boolean started,
    boolean promises) {
  static final String FILE = "identity.properties";

  /** Has a checksum; format 1 had none. */
  private static final String FORMAT = "2";

  private static final String OLD_FORMAT = "1";
  private static final int MAX_BYTES = 64 << 10;

  /**
   * @param incarnation 0 if not known to this one
   */
  record Founder(String name, String raftAddress, String clientAddress, long incarnation) {}

  boolean formed() {
    return !group.isEmpty();
  }

  Identity formed(String raftGroup, List<Founder> first) {
    return new Identity(name, incarnation, raftGroup, List.copyOf(first), false, false);
  }

  Identity withStarted() {
    return new Identity(name, incarnation, group, founders, true, true);
  }

  /** Reads the directory's identity, or gives a new directory one. */
  static Identity loadOrCreate(Path dir, String name) throws AshlarException {
    Path file = dir.resolve(FILE);
    try {
      Files.createDirectories(dir);
      if (Files.exists(file)) {
        return load(file, name);
      }
      if (Files.exists(dir.resolve("raft")) || Files.exists(dir.resolve("live"))) {
        throw new AshlarException(
            ErrorCode.CORRUPT,
            "The directory "
                + dir
                + " holds a master's data but not its "
                + FILE
                + ": it is damaged. Replace this master by a new one with an empty directory");
      }
      long incarnation = 0;
      while (incarnation == 0) {
        incarnation = new SecureRandom().nextLong();
      }
      Identity fresh = new Identity(name, incarnation, "", List.of(), false, false);
      fresh.save(dir);
      return fresh;
    } catch (AshlarException e) {
      throw e;
    } catch (IOException e) {
      throw new AshlarException(
          ErrorCode.UNAVAILABLE,
          "Master "
              + name
              + " cannot use its directory "
              + dir
              + " ("
              + e
              + "): make it writable, or give another one",
          e);
    }
  }

  private static Identity load(Path file, String name) throws IOException {
    Properties p = properties(file);
    String format = p.getProperty("format", "");
    if (format.isEmpty()) {
      throw damaged(file, name);
    }
    if (!format.equals(FORMAT) && !format.equals(OLD_FORMAT)) {
      throw new AshlarException(
          ErrorCode.UNSUPPORTED_VERSION,
          file
              + " has format '"
              + format
              + "', but this program knows only "
              + FORMAT
              + " and older: use a newer version of the program");
    }
    if (!p.getProperty("crc", format.equals(OLD_FORMAT) ? crc(p) : "").equals(crc(p))) {
      throw damaged(file, name);
    }
    String owner = p.getProperty("name", "");
    if (!owner.equals(name)) {
      throw new AshlarException(
          ErrorCode.INVALID,
          "The directory "
              + file.getParent()
              + " belongs to master '"
              + owner
              + "', not '"
              + name
              + "': start it under its own name or give another directory");
    }
    try {
      List<Founder> founders = new ArrayList<>();
      for (int i = 0; p.containsKey("founder." + i); i++) {
        String[] f = p.getProperty("founder." + i, "").split(" ", -1);
        founders.add(new Founder(f[0], f[1], f[2], Long.parseUnsignedLong(f[3], 16)));
      }
      return new Identity(
          name,
          Long.parseUnsignedLong(p.getProperty("incarnation", ""), 16),
          p.getProperty("group", ""),
          founders,
          Boolean.parseBoolean(p.getProperty("started")),
          Boolean.parseBoolean(p.getProperty("promises")));
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      throw damaged(file, name);
    }
  }

  private static Properties properties(Path file) throws IOException {
    Properties p = new Properties();
    if (!Files.isRegularFile(file) || Files.size(file) > MAX_BYTES) {
      return p;
    }
    try {
      p.load(new StringReader(Files.readString(file, StandardCharsets.ISO_8859_1)));
    } catch (IllegalArgumentException e) {
      p.clear();
    }
    return p;
  }

  private static AshlarException damaged(Path file, String name) {
    return new AshlarException(
        ErrorCode.CORRUPT,
        "The file "
            + file
            + ", which says whom the directory belongs to, is damaged. Give master "
            + name
            + " an empty directory and a new name, run 'bin/ashlar masters replace "
            + name
            + " NEW-NAME RAFT-ADDRESS CLIENT-ADDRESS' against a running master, and start it with --join");
  }

  /** Over all other properties, in the order of their names. */
  private static String crc(Properties p) {
    CRC32C crc = new CRC32C();
    p.stringPropertyNames().stream()
        .filter(key -> !key.equals("crc"))
        .sorted()
        .forEach(key ->
            crc.update((key + "=" + p.getProperty(key) + "\n").getBytes(StandardCharsets.UTF_8)));
    return HexFormat.of().toHexDigits((int) crc.getValue());
  }

  /** Replaces the file as a whole, synced. */
  void save(Path dir) throws IOException {
    Properties p = new Properties();
    p.setProperty("format", FORMAT);
    p.setProperty("name", name);
    p.setProperty("incarnation", Long.toHexString(incarnation));
    p.setProperty("group", group);
    p.setProperty("started", Boolean.toString(started));
    p.setProperty("promises", Boolean.toString(promises));
    for (int i = 0; i < founders.size(); i++) {
      Founder f = founders.get(i);
      p.setProperty(
          "founder." + i,
          f.name
              + " "
              + f.raftAddress
              + " "
              + f.clientAddress
              + " "
              + Long.toHexString(f.incarnation));
    }
    p.setProperty("crc", crc(p));
    StringWriter text = new StringWriter();
    p.store(text, "Written by the master. Never copy or change it.");
    Path work = dir.resolve(FILE + ".new");
    try (FileChannel out =
        FileChannel.open(
            work,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.ISO_8859_1));
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
      out.force(true);
    }
    Files.move(work, dir.resolve(FILE), StandardCopyOption.ATOMIC_MOVE);
    try (FileChannel directory = FileChannel.open(dir, StandardOpenOption.READ)) {
      directory.force(true);
    }
  }
}
