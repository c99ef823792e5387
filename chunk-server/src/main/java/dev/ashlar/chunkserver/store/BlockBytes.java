package dev.ashlar.chunkserver.store;

import java.util.List;

/**
 * Where a range of a sealed block lies, widened to whole slices. The bytes stay in place until this
 * is closed: close it soon (any thread, repeating is harmless), since the space of deleted blocks
 * is not given back meanwhile.
 */
public final class BlockBytes implements AutoCloseable {
  private final long offset;
  private final int length;
  private final long blockLength;
  private final int[] crcs;
  private final List<FileExtent> extents;
  private final Runnable release;

  /**
   * @param release run at each close; must bear repetition
   */
  BlockBytes(
      long offset,
      int length,
      long blockLength,
      int[] crcs,
      List<FileExtent> extents,
      Runnable release) {
    this.offset = offset;
    this.length = length;
    this.blockLength = blockLength;
    this.crcs = crcs;
    this.extents = extents;
    this.release = release;
  }

  /** Of the first byte, from the start of the block: a multiple of the slice size. */
  public long offset() {
    return offset;
  }

  /** Bytes of all extents together; 0 if the range starts at or past the end of the block. */
  public int length() {
    return length;
  }

  public long blockLength() {
    return blockLength;
  }

  /** CRC32C of each slice of the range, as the writer computed them. */
  public int[] crcs() {
    return crcs;
  }

  public List<FileExtent> extents() {
    return extents;
  }

  @Override
  public void close() {
    release.run();
  }
}
