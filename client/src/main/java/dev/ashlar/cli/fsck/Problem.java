package dev.ashlar.cli.fsck;

/**
 * One thing that is not as it should be.
 *
 * @param path of the file, empty for a block that belongs to none
 * @param index of the chunk in the file, -1 if there is none
 * @param chunk id in hexadecimal, empty if it is about the whole file
 * @param block position in the placement group, -1 if it is about the whole chunk
 * @param server name of the chunk server, empty if no one
 * @param disk id in hexadecimal, empty if none
 * @param detail one sentence
 */
public record Problem(
    Kind kind,
    String path,
    int index,
    String chunk,
    int block,
    String server,
    String disk,
    String detail) {
  /** What is wrong. */
  public enum Kind {
    /** More blocks of the chunk are known to be gone than its policy tolerates. */
    LOST,
    /**
     * The chunk cannot be decoded at present, but enough of its blocks are merely on servers that
     * do not answer: none of its bytes is known to be lost.
     */
    AWAY,
    /** The masters count on this block, but the disk does not have it. */
    MISSING,
    /** The block's length or checksums are not those that the writer committed. */
    WRONG,
    /** The chunk has fewer blocks than its policy wants; the masters know. */
    DEGRADED,
    /** A disk could not be asked. */
    UNREACHABLE,
    /** Nothing needs this block, and nobody is about to delete it. */
    UNEXPECTED,
    /** The bytes could not be read, or parity does not follow from data. */
    UNVERIFIED
  }
}
