package dev.ashlar.master.raft;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.ratis.io.MD5Hash;
import org.apache.ratis.util.MD5FileUtil;
import org.jspecify.annotations.Nullable;

/**
 * The snapshots in a directory, newest first, each read and compared with the checksum beside it:
 * the library compares that checksum only with itself.
 */
final class SnapshotFiles {
  private static final Pattern NAME = Pattern.compile("snapshot\\.(\\d{1,18})_(\\d{1,18})");
  private static final String SET_ASIDE = "damaged-";

  /**
   * @param fault what is wrong with it, null if nothing
   */
  record Snapshot(Path path, long index, @Nullable String fault) {}

  private SnapshotFiles() {}

  /** Reads all of every snapshot. */
  static List<Snapshot> in(Path dir) throws IOException {
    List<Snapshot> found = new ArrayList<>();
    if (Files.isDirectory(dir)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(dir)) {
        for (Path path : files) {
          Matcher m = NAME.matcher(String.valueOf(path.getFileName()));
          if (m.matches()) {
            found.add(new Snapshot(path, Long.parseLong(m.group(2)), fault(path)));
          }
        }
      }
    }
    found.sort(Comparator.comparingLong(Snapshot::index).reversed());
    return found;
  }

  /** Index of the newest one, whatever is in it; -1 if there is none. */
  static long newest(List<Snapshot> all) {
    return all.isEmpty() ? -1 : all.getFirst().index();
  }

  /** What is wrong with a snapshot, null if it is as it was written. */
  static @Nullable String fault(Path file) {
    try {
      MD5Hash stored = MD5FileUtil.readStoredMd5ForFile(file.toFile());
      if (stored == null) {
        return "has no checksum file beside it";
      }
      if (!Files.isRegularFile(file)) {
        return "is no file";
      }
      return stored.equals(MD5FileUtil.computeMd5ForFile(file.toFile()))
          ? null
          : "does not match the checksum beside it";
    } catch (IOException | RuntimeException e) {
      return "cannot be read (" + e.getMessage() + ")";
    }
  }

  /** Renames a damaged one, so that the library does not see it. */
  static void setAside(Snapshot damaged) throws IOException {
    Path sums = damaged.path.resolveSibling(damaged.path.getFileName() + ".md5");
    for (Path path : List.of(damaged.path, sums)) {
      if (Files.exists(path)) {
        Files.move(
            path,
            path.resolveSibling(SET_ASIDE + path.getFileName()),
            StandardCopyOption.ATOMIC_MOVE,
            StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }
}
