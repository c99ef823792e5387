package dev.ashlar.cli.transfer;

import dev.ashlar.cli.FailedException;
import dev.ashlar.cli.Progress;
import dev.ashlar.cli.remote.Place;
import dev.ashlar.cli.remote.RemoteFiles;
import dev.ashlar.client.FileReader;
import dev.ashlar.client.Paths;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterReply;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;

/**
 * Copies files and trees out of the cluster. A file gets its final name only when all of it is
 * written and synced. For one thread; the files themselves are copied by {@link Tasks}.
 */
public final class Get implements AutoCloseable {
  private final RemoteFiles files;
  private final Tasks tasks;
  private final Progress progress;
  private final TemporaryFiles temporary = new TemporaryFiles();
  private final List<MadeDirectory> made = new ArrayList<>();

  /** A directory whose attributes are set once everything is in it. */
  private record MadeDirectory(Path path, Attr attr) {}

  public Get(RemoteFiles files, Tasks tasks, Progress progress) {
    this.files = files;
    this.tasks = tasks;
    this.progress = progress;
  }

  /** Writes one file's bytes in order. */
  public void stream(String remote, WritableByteChannel target) throws IOException {
    String path = Paths.normalize(remote);
    Attr attr = files.resolve(path, true).attr();
    mustBeFile(attr, remote);
    progress.expect(1, attr.size());
    try (FileReader reader = reader(attr, path, true)) {
      content(reader, remote, target);
    }
    progress.file();
  }

  /**
   * Copies files, following symbolic links, and with {@code recursive} trees, keeping links, modes
   * and times.
   */
  public void copy(List<String> remotes, LocalDestination to, boolean recursive)
      throws IOException {
    for (String remote : remotes) {
      tasks.guard(remote, () -> copyOne(remote, to, recursive));
    }
    tasks.join();
    for (MadeDirectory d : made.reversed()) {
      tasks.guard(d.path.toString(), () -> setAttributes(d.path, d.attr));
    }
  }

  private void copyOne(String remote, LocalDestination to, boolean recursive) throws IOException {
    String path = Paths.normalize(remote);
    boolean slash = remote.endsWith("/");
    MasterReply.Resolved r = files.resolve(path, !recursive || slash);
    Attr attr = r.attr();
    if (slash && !attr.isDirectory()) {
      throw new FailedException(path + " is not a directory");
    }
    if (attr.isDirectory()) {
      if (!recursive) {
        throw new FailedException(path + " is a directory: get -r copies it whole");
      }
      Path target =
          r.name().isEmpty() || path.endsWith("/..") ? to.path() : to.forSource(Paths.name(path));
      directory(attr, path, target, target.equals(to.path()));
      return;
    }
    if (to.mustBeDirectory() && !to.directory()) {
      throw new FailedException("There is no directory " + to.path());
    }
    entry(attr, path, to.forSource(Paths.name(path)), recursive, !to.directory());
  }

  /**
   * @param keep whether modes, times and links are kept
   * @param typed whether the target is the operand itself: only then local links are followed
   */
  private void entry(Attr attr, String path, Path target, boolean keep, boolean typed)
      throws IOException {
    switch (attr.type()) {
      case DIRECTORY -> directory(attr, path, target, typed);
      case SYMLINK -> tasks.start(path, () -> link(attr, target));
      case FILE -> {
        progress.expect(1, attr.size());
        tasks.start(path, () -> file(attr, path, target, keep, typed));
      }
      case PACK -> throw new FailedException(path + " is no file: a pack has no name");
    }
  }

  private void directory(Attr attr, String path, Path target, boolean typed) throws IOException {
    if (!typed && Files.isSymbolicLink(target)) {
      throw new FailedException(
          target + " is a symbolic link, and the directory " + path + " is not written through it");
    }
    if (!Files.isDirectory(target)) {
      if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
        throw new FailedException(
            target + " is in the way: it is not a directory, but " + path + " is");
      }
      Files.createDirectory(
          target,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      made.add(new MadeDirectory(target, attr));
    }
    Iterator<MasterReply.Entry> entries = files.list(attr.inode());
    while (!tasks.stopped() && entries.hasNext()) {
      MasterReply.Entry e = entries.next();
      String child = Place.below(path, e.name());
      tasks.guard(child, () -> entry(e.attr(), child, below(target, e.name()), true, false));
    }
  }

  /**
   * A name of the cluster as a name here. The cluster allows no others, but what comes over the
   * wire does not choose where we write.
   */
  private static Path below(Path directory, String name) throws IOException {
    if (name.isEmpty()
        || name.equals(".")
        || name.equals("..")
        || name.indexOf('/') >= 0
        || name.indexOf('\0') >= 0) {
      throw new FailedException("'" + name + "' is not a name that a file can have here");
    }
    return directory.resolve(name);
  }

  private void link(Attr attr, Path target) throws IOException {
    if (Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new FailedException(target + " is a directory: a symbolic link cannot take its place");
    }
    Path fresh = temporary.beside(target);
    try {
      Files.createSymbolicLink(fresh, Path.of(files.readlink(attr.inode())));
      Files.move(
          fresh, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      temporary.finished(fresh);
    } finally {
      temporary.discard(fresh);
    }
  }

  private void file(Attr attr, String path, Path target, boolean keep, boolean typed)
      throws IOException {
    mustBeFile(attr, path);
    Path file = LocalDestination.file(target, typed);
    try (FileReader reader = reader(attr, path, !keep)) {
      if (file == null) {
        try (FileChannel out =
            FileChannel.open(target, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
          content(reader, path, out);
        }
      } else {
        whole(reader, path, file, keep);
      }
    }
    progress.file();
  }

  private void whole(FileReader reader, String path, Path target, boolean keep) throws IOException {
    Attr attr = reader.attr();
    boolean replaces = Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS);
    int mode = replaces && !keep ? LocalAttributes.mode(target) : attr.mode();
    Path fresh = temporary.beside(target);
    try {
      // Created with the mode, the process's umask takes away from it what it always does.
      try (FileChannel out =
          FileChannel.open(
              fresh,
              Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW),
              PosixFilePermissions.asFileAttribute(LocalAttributes.permissions(mode | 0600)))) {
        content(reader, path, out);
        if (keep) {
          LocalAttributes.setMode(fresh, attr.mode());
          LocalAttributes.setModified(fresh, attr.modifiedNs());
        } else if (replaces) {
          LocalAttributes.setMode(fresh, mode);
        }
        out.force(true);
      }
      Files.move(
          fresh, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      temporary.finished(fresh);
    } finally {
      temporary.discard(fresh);
    }
  }

  /**
   * The content of a file as it is now. It was seen a while ago, minutes in a large tree, and may
   * have been replaced since, so that only its name leads to it.
   */
  private FileReader reader(Attr seen, String path, boolean followLast) throws IOException {
    try {
      return files.reader(seen.inode());
    } catch (AshlarException e) {
      if (e.code() != ErrorCode.NOT_FOUND) {
        throw e;
      }
      return files.reader(path, followLast);
    }
  }

  private void content(FileReader reader, String path, WritableByteChannel target)
      throws IOException {
    long written = reader.transferTo(new CountedTarget(target, progress));
    if (written != reader.size()) {
      throw new FailedException(
          path + " has " + reader.size() + " bytes, but only " + written + " came: try again");
    }
  }

  private static void mustBeFile(Attr attr, String path) throws IOException {
    if (attr.type() != FileType.FILE) {
      throw new FailedException(
          path + " is a " + (attr.isDirectory() ? "directory" : "symbolic link") + ", not a file");
    }
  }

  private static void setAttributes(Path path, Attr attr) throws IOException {
    LocalAttributes.setModified(path, attr.modifiedNs());
    LocalAttributes.setMode(path, attr.mode());
  }

  @Override
  public void close() {
    temporary.close();
  }
}
