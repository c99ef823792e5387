package dev.ashlar.protocol.message;

/**
 * The attributes of an inode. Times are ns since 1970.
 *
 * @param inode id, never used twice; 1 is the root directory
 * @param mode permission bits (the low 12 of st_mode)
 * @param links names that lead here; of a directory 2 + its subdirectories; 0 while staged or when
 *     unlinked
 * @param size committed bytes; of a directory its entries; of a symbolic link the bytes of its
 *     target
 * @param version counts committed changes of the content
 * @param policy text form of the {@link dev.ashlar.protocol.Policy}; of a directory what its new
 *     files get, or empty to inherit
 */
public record Attr(
    long inode,
    FileType type,
    int mode,
    int uid,
    int gid,
    int links,
    long size,
    long version,
    long accessedNs,
    long modifiedNs,
    long changedNs,
    String policy) {
  public static final long ROOT = 1;

  public boolean isDirectory() {
    return type == FileType.DIRECTORY;
  }
}
