package dev.ashlar.client;

/**
 * A file opened by {@link AshlarFileSystem#open} or {@link AshlarFileSystem#create}; release it
 * there. Thread-safe.
 */
public final class FileHandle {
  private final long inode;
  private final OpenMode mode;

  FileHandle(long inode, OpenMode mode) {
    this.inode = inode;
    this.mode = mode;
  }

  public long inode() {
    return inode;
  }

  public OpenMode mode() {
    return mode;
  }
}
