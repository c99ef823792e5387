package dev.ashlar.protocol.message;

/** What an inode is. The order is the wire and disk format: append only. */
public enum FileType {
  FILE,
  DIRECTORY,
  SYMLINK,
  /** Bytes of many small files: has no name, is read through its files, and goes with the last. */
  PACK
}
