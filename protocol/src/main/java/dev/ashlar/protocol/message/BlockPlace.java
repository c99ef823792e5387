package dev.ashlar.protocol.message;

/**
 * Where one block of a chunk is, or is to be written.
 *
 * @param server host:port of the chunk server, empty when the block is nowhere at present, or on a
 *     disk that is out of touch
 * @param disk id of the disk, 0 when nowhere
 * @param replacement true if the disk is being filled in place of the group's member
 */
public record BlockPlace(String server, long disk, boolean replacement) {
  public static final BlockPlace NOWHERE = new BlockPlace("", 0, false);

  /** Whether some disk has it, in touch or not. */
  public boolean exists() {
    return disk != 0;
  }

  /** Whether its server can be asked. */
  public boolean reachable() {
    return exists() && !server.isEmpty();
  }
}
