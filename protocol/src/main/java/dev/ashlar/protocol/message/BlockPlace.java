package dev.ashlar.protocol.message;

/**
 * Where one block of a chunk is, or is to be written.
 *
 * @param server host:port of the chunk server, empty when the block is nowhere at present
 * @param disk id of the disk, 0 when nowhere
 * @param replacement true if the disk is being filled in place of the group's member
 */
public record BlockPlace(String server, long disk, boolean replacement) {
  public static final BlockPlace NOWHERE = new BlockPlace("", 0, false);

  public boolean exists() {
    return disk != 0;
  }
}
