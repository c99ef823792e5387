package dev.ashlar.cli.transfer;

import dev.ashlar.cli.FailedException;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import org.jspecify.annotations.Nullable;

/**
 * What the last operand of get means, as with cp: an existing directory takes things inside it,
 * anything else is the new name itself.
 *
 * @param path as written
 * @param directory whether it is an existing directory
 * @param mustBeDirectory whether it was written with a slash at the end
 */
public record LocalDestination(Path path, boolean directory, boolean mustBeDirectory) {
  /** Names of open files, which others may write to as well: they must stay the same files. */
  private static final PathMatcher OPEN_FILES =
      FileSystems.getDefault()
          .getPathMatcher("glob:{/dev/stdout,/dev/stderr,/dev/fd/*,/proc/*/fd/*}");

  /**
   * Looks it up.
   *
   * @throws IOException if neither it nor its parent directory is there
   */
  public static LocalDestination of(String local) throws IOException {
    Path path = Path.of(local);
    boolean slash = local.endsWith("/");
    if (Files.isDirectory(path)) {
      return new LocalDestination(path, true, slash);
    }
    if (slash && Files.exists(path)) {
      throw new FailedException(path + " is not a directory");
    }
    Path parent = path.toAbsolutePath().getParent();
    if (parent != null && !Files.isDirectory(parent)) {
      throw new FailedException("There is no directory " + parent);
    }
    return new LocalDestination(path, false, slash);
  }

  /** Where something of this name goes. */
  Path forSource(String name) {
    return directory ? path.resolve(name) : path;
  }

  /**
   * The file that is really written when {@code target} is: the end of the symbolic links it may be
   * if it was typed. Others are replaced: an earlier get may have made them, and what is in the
   * cluster does not choose where we write.
   *
   * @param typed whether the target is the operand itself
   * @return null if it is neither a file nor free, such as a device or a pipe, or one of the
   *     process's open files: that is written to as it is
   */
  static @Nullable Path file(Path target, boolean typed) throws IOException {
    if (OPEN_FILES.matches(target.toAbsolutePath().normalize())) {
      return null;
    }
    if (!typed && Files.isSymbolicLink(target)) {
      return target;
    }
    if (Files.isDirectory(target)) {
      throw new FailedException(target + " is a directory: a file cannot take its place");
    }
    if (!Files.exists(target)) {
      if (Files.isSymbolicLink(target)) {
        throw new FailedException(
            target + " is a symbolic link that leads nowhere: remove it first");
      }
      return target;
    }
    Path real = Files.isSymbolicLink(target) ? target.toRealPath() : target;
    return Files.isRegularFile(real) ? real : null;
  }
}
