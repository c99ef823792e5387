package dev.ashlar.chunkserver.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** Segment files in a directory of the real file system. */
final class RealDiskIo implements DiskIo {
  /**
   * Files with a channel for reading that nobody uses. A process has many disks, and often a limit
   * of 4096 files; opening one again costs microseconds.
   */
  static final int OPEN_READERS = 128;

  private final Path directory;
  private final FileStore space;
  private final DirectAppender.Memory memory = new DirectAppender.Memory();
  private final OpenReaders readers = new OpenReaders(OPEN_READERS);
  private boolean direct = true;

  /** Kept open: that there are no more descriptors must not keep a name from becoming durable. */
  private final FileChannel names;

  RealDiskIo(Path directory) throws IOException {
    this.directory = directory;
    this.space = Files.getFileStore(directory);
    this.names = LinuxFiles.open(directory, StandardOpenOption.READ);
  }

  /** Whether files are written past the page cache. Disk's thread. */
  boolean direct() {
    return direct;
  }

  /** This file system cannot. */
  void notDirect() {
    direct = false;
  }

  DirectAppender.Memory memory() {
    return memory;
  }

  OpenReaders readers() {
    return readers;
  }

  @Override
  public List<String> list() throws IOException {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        names.add(String.valueOf(file.getFileName()));
      }
    }
    return names;
  }

  @Override
  public SegmentFile create(String name) throws IOException {
    RealSegmentFile file = new RealSegmentFile(directory.resolve(name), this);
    file.create();
    return file;
  }

  @Override
  public SegmentFile open(String name) throws IOException {
    return new RealSegmentFile(directory.resolve(name), this);
  }

  @Override
  public void delete(String name) throws IOException {
    Files.delete(directory.resolve(name));
  }

  @Override
  public void syncDirectory() throws IOException {
    names.force(true);
  }

  /** Makes creations, renames and deletions in a directory durable. */
  static void syncDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  @Override
  public long totalBytes() throws IOException {
    return space.getTotalSpace();
  }

  @Override
  public long usableBytes() throws IOException {
    return space.getUsableSpace();
  }

  @Override
  public void close() throws IOException {
    names.close();
  }
}
