package dev.ashlar.protocol.message;

import java.util.List;

/**
 * What `ashlar status` shows. Sizes in bytes, times in ms.
 *
 * @param answeredBy name of the master that answers
 * @param leader name of the leader, empty while electing; a follower fills only masters, term and
 *     its own row
 */
public record ClusterStatus(
    long cluster,
    String policy,
    String answeredBy,
    String leader,
    long term,
    List<Master> masters,
    List<Server> servers,
    List<Disk> disks,
    List<Group> groups,
    Redundancy redundancy,
    Rebuild rebuild,
    long files,
    long directories,
    long dataBytes) {
  /**
   * @param applied last Raft index applied; of the others, the last that they are known to have
   *     committed; -1 if unknown to the one who answers
   */
  public record Master(
      String name,
      String clientAddress,
      String raftAddress,
      boolean leader,
      boolean reachable,
      long applied) {}

  /**
   * @param state up, suspect or down
   */
  public record Server(
      String name, String address, String domain, String state, long silentMs, int disks) {}

  /**
   * @param state up, full, failed, suspect or down
   */
  public record Disk(
      long id,
      String server,
      String path,
      String state,
      long capacityBytes,
      long usedBytes,
      long freeBytes,
      long blocks,
      String error) {}

  /**
   * @param missing members that are not in service or are being replaced
   * @param crowded members that share a failure domain with an earlier one
   */
  public record Group(
      long id,
      String policy,
      long epoch,
      long[] disks,
      long[] replacements,
      int missing,
      int crowded,
      long chunks) {}

  /**
   * Chunks by what they still tolerate.
   *
   * @param whole chunks with every block in service
   * @param degraded chunks that lost something but not the policy's tolerance
   * @param critical of the degraded: one more loss loses data
   * @param lost chunks that cannot be decoded now
   * @param lostFiles paths of files with lost chunks, at most 100
   */
  public record Redundancy(
      long chunks,
      long whole,
      long degraded,
      long critical,
      long lost,
      long missingBlocks,
      List<String> lostFiles) {}

  /**
   * @param pendingBlocks known to be missing and not yet rebuilt
   * @param etaMs -1 while unknown
   */
  public record Rebuild(
      boolean active,
      long pendingBlocks,
      long runningBlocks,
      long doneBlocks,
      long doneBytes,
      long pendingBytes,
      long bytesPerSecond,
      long etaMs,
      long pendingDeletions) {}
}
