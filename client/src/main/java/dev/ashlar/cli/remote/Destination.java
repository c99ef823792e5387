package dev.ashlar.cli.remote;

import dev.ashlar.cli.FailedException;
import dev.ashlar.client.Paths;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.MasterReply;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What the last operand of put and mv means, as with cp: an existing directory takes things inside
 * it, anything else is the new name itself.
 *
 * @param directory the existing directory, null if it is a name
 * @param directoryPath its path
 * @param place the name, null if it is a directory
 * @param mustBeDirectory whether it was written with a slash at the end
 */
public record Destination(
    @Nullable Attr directory,
    String directoryPath,
    @Nullable Place place,
    boolean mustBeDirectory) {

  /**
   * Looks it up.
   *
   * @throws IOException if neither it nor its parent directory is there
   */
  public static Destination of(RemoteFiles files, String remote) throws IOException {
    String path = Paths.normalize(remote);
    boolean slash = remote.endsWith("/") || remote.endsWith("/.");
    try {
      MasterReply.Resolved r = files.resolve(path, true);
      if (r.attr().isDirectory()) {
        return new Destination(r.attr(), path, null, true);
      }
      if (slash) {
        throw new FailedException(path + " is not a directory");
      }
      return new Destination(null, "", new Place(r.parent(), r.name(), path, r.attr()), false);
    } catch (AshlarException e) {
      if (e.code() != ErrorCode.NOT_FOUND) {
        throw e;
      }
      return new Destination(null, "", free(files, path), slash);
    }
  }

  /** A path that leads nowhere yet: its parent must be there. */
  private static Place free(RemoteFiles files, String path) throws IOException {
    String parent = Paths.parent(path);
    Attr directory = directory(files, parent);
    try {
      files.lookup(directory.inode(), Paths.name(path));
    } catch (AshlarException e) {
      if (e.code() == ErrorCode.NOT_FOUND) {
        return new Place(directory.inode(), Paths.name(path), path, null);
      }
      throw e;
    }
    throw new FailedException(
        path + " is a symbolic link that leads nowhere: remove it first, or name another target");
  }

  /** A directory that must be there. */
  public static Attr directory(RemoteFiles files, String path) throws IOException {
    try {
      Attr attr = files.resolve(path, true).attr();
      if (attr.isDirectory()) {
        return attr;
      }
    } catch (AshlarException e) {
      if (e.code() != ErrorCode.NOT_FOUND) {
        throw e;
      }
      throw new FailedException(
          "There is no directory " + path + ": make it with 'bin/ashlar mkdir -p " + path + "'", e);
    }
    throw new FailedException(path + " is not a directory");
  }

  /** Where a source of this name goes. */
  public Place forSource(RemoteFiles files, String name) throws IOException {
    if (place != null) {
      return place;
    }
    Attr into = java.util.Objects.requireNonNull(directory);
    String path = Place.below(directoryPath, name);
    return new Place(into.inode(), name, path, existing(files, into.inode(), name));
  }

  /** What has this name, null if nothing. */
  public static @Nullable Attr existing(RemoteFiles files, long parent, String name)
      throws IOException {
    try {
      return files.lookup(parent, name);
    } catch (AshlarException e) {
      if (e.code() == ErrorCode.NOT_FOUND) {
        return null;
      }
      throw e;
    }
  }
}
