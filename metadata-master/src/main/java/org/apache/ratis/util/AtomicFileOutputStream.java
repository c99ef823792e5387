package org.apache.ratis.util;

import java.io.File;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.NullMarked;

/**
 * Takes the place of the library's class of this name, with which it writes the file of its term
 * and vote, among others. The library's syncs the new file and renames it, but does not sync the
 * directory: a power cut after the vote was given could bring the old file back, and the master
 * could vote for somebody else in the same term. This one returns from {@link #close} when the new
 * file is there to stay.
 *
 * <p>It must come before the library's jar on the class path, which is checked when a master
 * starts. For one thread.
 */
@NullMarked
public final class AtomicFileOutputStream extends FilterOutputStream {
  /** What the name of an unfinished file ends in. */
  public static final String TMP_EXTENSION = ".tmp";

  private final Path target;
  private final Path work;
  private final FileChannel channel;
  private boolean closed;

  /** Replaces {@code outFile} when closed. */
  public AtomicFileOutputStream(File outFile) throws IOException {
    this(outFile, getTemporaryFile(outFile));
  }

  /**
   * Replaces {@code outFile} when closed.
   *
   * @param tmpFile in the same directory
   */
  public AtomicFileOutputStream(File outFile, File tmpFile) throws IOException {
    this(
        outFile.getAbsoluteFile().toPath(),
        tmpFile.getAbsoluteFile().toPath(),
        FileChannel.open(
            tmpFile.toPath(),
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE));
  }

  private AtomicFileOutputStream(Path target, Path work, FileChannel channel) {
    super(Channels.newOutputStream(channel));
    this.target = target;
    this.work = work;
    this.channel = channel;
  }

  /** Where the bytes are until they are whole. */
  public static File getTemporaryFile(File outFile) {
    return new File(outFile.getParentFile(), outFile.getName() + TMP_EXTENSION);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    out.write(bytes, offset, length);
  }

  /** Whether it was closed or given up. */
  public boolean isClosed() {
    return closed;
  }

  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try {
      try (OutputStream o = out) {
        o.flush();
        channel.force(true);
      }
      Files.move(work, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      try (FileChannel directory = FileChannel.open(target.getParent(), StandardOpenOption.READ)) {
        directory.force(true);
      }
    } catch (IOException e) {
      Files.deleteIfExists(work);
      throw e;
    }
  }

  /** Gives up: the file stays as it was. */
  public void abort() {
    if (closed) {
      return;
    }
    closed = true;
    try (OutputStream o = out) {
      o.flush();
      Files.deleteIfExists(work);
    } catch (IOException e) {
      // What is left is removed or overwritten when the file is written next.
    }
  }
}
