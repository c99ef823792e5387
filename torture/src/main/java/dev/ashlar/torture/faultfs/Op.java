package dev.ashlar.torture.faultfs;

/**
 * One change of a directory tree, as it reached the file system. Paths are relative to its root, a
 * file keeps its number when it is renamed, and no number is used for two files.
 */
public sealed interface Op {
  /** A new directory. */
  record MakeDirectory(String path) implements Op {}

  /** An empty directory went away. */
  record RemoveDirectory(String path) implements Op {}

  /** A new, empty file. */
  record Create(long file, String path) implements Op {}

  /** A file lost its name, and with it everything: there are no hard links. */
  record Remove(String path) implements Op {}

  /** A file or directory has another name, which a file may have had before. */
  record Rename(String from, String to) implements Op {}

  /** Bytes in place; the array belongs to the recording. */
  record Write(long file, long offset, byte[] bytes) implements Op {}

  /** A file was cut, or made longer by zeros. */
  record Resize(long file, long size) implements Op {}

  /**
   * A range became zeros.
   *
   * @param size of the file afterwards
   */
  record Zero(long file, long offset, long length, long size) implements Op {}

  /** Bytes and size of a file are on media, and so is each change of names before. */
  record Sync(long file) implements Op {}

  /** Changes of names are on media. */
  record SyncDirectory(String path) implements Op {}
}
