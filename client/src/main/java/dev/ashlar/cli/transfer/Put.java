package dev.ashlar.cli.transfer;

import dev.ashlar.cli.FailedException;
import dev.ashlar.cli.Progress;
import dev.ashlar.cli.remote.Destination;
import dev.ashlar.cli.remote.Place;
import dev.ashlar.cli.remote.RemoteFiles;
import dev.ashlar.client.AttrChange;
import dev.ashlar.client.ClientConfig;
import dev.ashlar.client.FileWriter;
import dev.ashlar.client.StageOptions;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterReply;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Copies local files and trees into the cluster. Every file becomes visible as a whole or not at
 * all. For one thread; the files themselves are copied by {@link Tasks}.
 */
public final class Put {
  private final RemoteFiles files;
  private final Tasks tasks;
  private final Semaphore large;
  private final Progress progress;
  private final StageOptions stage;
  private final List<MadeDirectory> made = new ArrayList<>();

  /** A directory whose attributes are set once everything is in it. */
  private record MadeDirectory(long inode, String path, int mode, long modifiedNs) {}

  /**
   * @param tasks as many at a time as may be in memory, small files all
   * @param large how many of these may be files that are not small
   * @param stage policy of new files; mode and size come from the sources
   */
  public Put(RemoteFiles files, Tasks tasks, int large, Progress progress, StageOptions stage) {
    this.files = files;
    this.tasks = tasks;
    this.large = new Semaphore(large);
    this.progress = progress;
    this.stage = stage;
  }

  /** Copies one stream to a name. */
  public void stream(ReadableByteChannel source, Place place) throws IOException {
    mustTakeFile(place);
    write(source, place, stage);
  }

  /**
   * Copies files, following symbolic links, and with {@code recursive} trees, keeping links, modes
   * and times.
   */
  public void copy(List<Path> sources, Destination to, boolean recursive) throws IOException {
    for (Path source : sources) {
      tasks.guard(source.toString(), () -> copyOne(source, to, recursive));
    }
    tasks.join();
    for (MadeDirectory d : made.reversed()) {
      tasks.start(
          d.path,
          () -> files.setattr(d.inode, AttrChange.NONE.mode(d.mode).modifiedNs(d.modifiedNs)));
    }
    tasks.join();
  }

  private void copyOne(Path source, Destination to, boolean recursive) throws IOException {
    BasicFileAttributes a =
        recursive
            ? Files.readAttributes(source, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
            : Files.readAttributes(source, BasicFileAttributes.class);
    if (a.isDirectory()) {
      if (!recursive) {
        throw new FailedException(source + " is a directory: put -r copies it whole");
      }
      directoryOperand(source, to);
      return;
    }
    if (to.mustBeDirectory() && to.place() != null) {
      throw new FailedException("There is no directory " + to.place().path());
    }
    Place place = to.forSource(files, name(source));
    if (recursive) {
      entry(source, a, place);
    } else {
      Place followed = follow(place);
      mustTakeFile(followed);
      tasks.start(source.toString(), () -> file(source, followed, false));
    }
  }

  private void directoryOperand(Path source, Destination to) throws IOException {
    Path name = source.getFileName();
    boolean itself = name == null || name.toString().equals(".") || name.toString().equals("..");
    Attr directory = to.directory();
    if (itself && directory != null) {
      children(source, directory, to.directoryPath(), false);
    } else {
      Place place = to.place() != null ? to.place() : to.forSource(files, name(source));
      directory(source, Files.readAttributes(source, BasicFileAttributes.class), place);
    }
  }

  /** One thing found in a tree. */
  private void entry(Path source, BasicFileAttributes a, Place place) throws IOException {
    if (tasks.stopped()) {
      return;
    }
    if (a.isDirectory()) {
      directory(source, a, place);
    } else if (a.isSymbolicLink()) {
      tasks.start(source.toString(), () -> link(source, place));
    } else if (a.isRegularFile()) {
      Place followed = follow(place);
      mustTakeFile(followed);
      progress.expect(1, a.size());
      tasks.start(source.toString(), () -> file(source, followed, true));
    } else {
      throw new FailedException(
          source + " is neither a file, a directory nor a symbolic link: left out");
    }
  }

  private void directory(Path source, BasicFileAttributes a, Place place) throws IOException {
    Attr existing = place.existing();
    if (existing != null && existing.type() == FileType.SYMLINK) {
      existing = files.resolve(place.path(), true).attr();
    }
    if (existing != null && !existing.isDirectory()) {
      throw new FailedException(
          place.path() + " is in the way: it is not a directory, but " + source + " is");
    }
    if (existing != null) {
      children(source, existing, place.path(), false);
      return;
    }
    Attr fresh = files.mkdir(place.parent(), place.name(), 0700);
    made.add(
        new MadeDirectory(
            fresh.inode(),
            place.path(),
            LocalAttributes.mode(source),
            LocalAttributes.nanos(a.lastModifiedTime())));
    children(source, fresh, place.path(), true);
  }

  /**
   * @param fresh whether the directory was just made, so that no name in it can be taken
   */
  private void children(Path source, Attr directory, String path, boolean fresh)
      throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(source)) {
      for (Path child : entries) {
        if (tasks.stopped()) {
          return;
        }
        tasks.guard(
            child.toString(),
            () -> {
              String name = name(child);
              Attr existing = fresh ? null : Destination.existing(files, directory.inode(), name);
              BasicFileAttributes a =
                  Files.readAttributes(child, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
              entry(
                  child, a, new Place(directory.inode(), name, Place.below(path, name), existing));
            });
      }
    }
  }

  /** A file is written through a symbolic link that has its name, as cp does. */
  private Place follow(Place place) throws IOException {
    Attr existing = place.existing();
    if (existing == null || existing.type() != FileType.SYMLINK) {
      return place;
    }
    try {
      MasterReply.Resolved r = files.resolve(place.path(), true);
      return new Place(r.parent(), r.name(), place.path(), r.attr());
    } catch (AshlarException e) {
      if (e.code() == ErrorCode.NOT_FOUND) {
        throw new FailedException(
            place.path() + " is a symbolic link that leads nowhere: remove it first", e);
      }
      throw e;
    }
  }

  private static void mustTakeFile(Place place) throws IOException {
    if (place.existing() != null && place.existing().isDirectory()) {
      throw new FailedException(place.path() + " is a directory: a file cannot take its place");
    }
  }

  private void file(Path source, Place place, boolean keep) throws IOException {
    boolean small = Files.size(source) <= ClientConfig.PACK_BYTES; // waits more than it works
    if (!small) {
      large.acquireUninterruptibly(); // each holder's own calls have deadlines
    }
    try {
      contents(source, place, keep);
    } finally {
      if (!small) {
        large.release();
      }
    }
  }

  private void contents(Path source, Place place, boolean keep) throws IOException {
    try (FileChannel in = FileChannel.open(source, StandardOpenOption.READ)) {
      BasicFileAttributes a = Files.readAttributes(source, BasicFileAttributes.class);
      long size = a.isRegularFile() ? a.size() : -1;
      if (!keep) {
        progress.expect(1, Math.max(0, size));
      }
      StageOptions options = stage.withMode(LocalAttributes.mode(source)).withExpectedSize(size);
      if (keep) {
        options = options.withModified(LocalAttributes.nanos(a.lastModifiedTime()));
      }
      try {
        write(in, place, options);
      } catch (AshlarException e) {
        if (e.code() != ErrorCode.CONFLICT || !a.isRegularFile()) {
          throw e;
        }
        // Disks went while it was written. What it was read from is still here.
        write(in.position(0), place, options);
      }
    }
    progress.file();
  }

  private void write(ReadableByteChannel in, Place place, StageOptions options) throws IOException {
    try (FileWriter writer = files.stage(place.parent(), place.name(), options)) {
      writer.transferFrom(new CountedSource(in, progress));
      var _ = writer.commit();
    }
  }

  private void link(Path source, Place place) throws IOException {
    String target = Files.readSymbolicLink(source).toString();
    Attr existing = place.existing();
    if (existing == null) {
      files.symlink(place.parent(), place.name(), target);
      return;
    }
    if (existing.isDirectory()) {
      throw new FailedException(
          place.path() + " is a directory: a symbolic link cannot take its place");
    }
    String temporary = ".ashlar-" + UUID.randomUUID();
    files.symlink(place.parent(), temporary, target);
    try {
      files.rename(place.parent(), temporary, place.parent(), place.name(), false);
    } catch (IOException e) {
      removeQuietly(place.parent(), temporary, e);
      throw e;
    }
  }

  private void removeQuietly(long parent, String name, IOException reason) {
    try {
      files.unlink(parent, name);
    } catch (IOException e) {
      reason.addSuppressed(e);
    }
  }

  /**
   * The name a source gets in a directory.
   *
   * @throws IOException if it is not text
   */
  private static String name(Path source) throws IOException {
    @Nullable Path last = source.toAbsolutePath().normalize().getFileName();
    if (last == null) {
      throw new FailedException(source + " has no name to give: name the target itself");
    }
    String name = last.toString();
    if (name.indexOf('\uFFFD') >= 0) {
      throw new FailedException("The name of " + source + " is not UTF-8: rename it first");
    }
    return name;
  }
}
