package dev.ashlar.master.state;

import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.MasterRequest.DiskState;
import dev.ashlar.protocol.message.Tag;
import java.util.List;

/**
 * What a Raft entry may hold: a client's command, or one of the leader's own. Those of the leader
 * are written so that a stale or repeated one does nothing: each is checked against the present
 * state, and answered by Done or an ErrorReply.
 */
public sealed interface LogCommand {
  /**
   * See {@link dev.ashlar.protocol.message.MasterRequest.Submit}. "Leader fills" fields of the
   * command are filled.
   */
  @Tag(1)
  record ClientCommand(long client, long seq, long ackedBelow, Command command)
      implements LogCommand {}

  /**
   * Makes the root directory and names the cluster; the first one wins, further ones do nothing.
   *
   * @param cluster random, not 0
   */
  @Tag(2)
  record InitCluster(long cluster, String policy, int keyId, byte[] secret) implements LogCommand {}

  /**
   * A chunk server is new, or its address or domain changed.
   *
   * @param domain empty: its own name is its failure domain
   */
  @Tag(3)
  record RegisterServer(String server, String address, String domain) implements LogCommand {}

  /**
   * A disk is new, moved to another server, or changed domain, path or capacity.
   *
   * @param domain empty: the server's
   */
  @Tag(4)
  record RegisterDisk(long disk, String server, String path, String domain, long capacityBytes)
      implements LogCommand {}

  /**
   * The lasting verdict on a disk, so that a new leader knows. FAILED: nothing on it can be counted
   * on.
   */
  @Tag(5)
  record SetDiskState(long disk, DiskState state) implements LogCommand {}

  /** A new placement group; its id is the next free one. */
  @Tag(6)
  record CreateGroup(String policy, long[] disks) implements LogCommand {}

  /**
   * Starts to fill {@code disk} in place of member {@code index}; new blocks go to it. Ignored
   * unless the group is at {@code epoch}. Naming the disk that already is the replacement resumes
   * it after the member came back and went again.
   *
   * @param move true if the member's presence does not cancel this: it stands in the wrong domain,
   *     has no room, or failed before
   */
  @Tag(7)
  record StartReplacement(long group, long epoch, int index, long disk, boolean move)
      implements LogCommand {}

  /**
   * The old member is back. Ends the replacement if the member has every block of the group; else
   * new blocks go to the member again, what only the replacement has stays readable there, and the
   * same command ends it once nothing is missing on the member.
   */
  @Tag(8)
  record CancelReplacement(long group, long epoch, int index) implements LogCommand {}

  /** The replacement itself is lost: forgets it and what was on it. */
  @Tag(9)
  record DropReplacement(long group, long epoch, int index) implements LogCommand {}

  /** Makes the replacement the member. Ignored unless it has every block of the group. */
  @Tag(10)
  record FinishReplacement(long group, long epoch, int index) implements LogCommand {}

  /**
   * Blocks proven (roots match) and durable. Those that are no longer current, or whose disk is
   * neither member nor replacement, are ignored.
   */
  @Tag(11)
  record BlocksRebuilt(List<DiskBlock> blocks) implements LogCommand {}

  /** Blocks found absent or unreadable on a disk. Those that are no longer current are ignored. */
  @Tag(12)
  record BlocksMissing(List<DiskBlock> blocks) implements LogCommand {}

  /**
   * These were carried out on every server that could; servers that were away are cleaned by their
   * block reports.
   */
  @Tag(13)
  record DeletionsDone(List<DeletionKey> keys) implements LogCommand {}

  /**
   * Ends leases: what was staged under them is dropped, and files that have no name yet. Unknown
   * epochs are ignored.
   */
  @Tag(14)
  record CloseLeases(long[] epochs) implements LogCommand {}

  /** Forgets clients: their leases are closed, their retry results dropped. */
  @Tag(15)
  record ExpireSessions(long[] clients) implements LogCommand {}

  /**
   * A new key to sign tokens with; the newest {@link #KEPT_KEYS} stay valid.
   *
   * @param id above every earlier one
   */
  @Tag(16)
  record AddTokenKey(int id, byte[] secret) implements LogCommand {}

  /** Policy of files whose directories name none. */
  @Tag(17)
  record SetPolicy(String policy) implements LogCommand {}

  /** Carries nothing but time. */
  @Tag(18)
  record Tick() implements LogCommand {}

  /**
   * A master of the cluster: new, or its addresses changed. See {@link Roster}.
   *
   * @param incarnation random number of its directory, not 0
   */
  @Tag(19)
  record RegisterMaster(String name, long incarnation, String raftAddress, String clientAddress)
      implements LogCommand {}

  /** A master left for good; its name is never used again. */
  @Tag(20)
  record RetireMaster(String name) implements LogCommand {}

  int KEPT_KEYS = 3;

  /** A block on a disk. */
  record DiskBlock(long group, BlockKey block, long disk) {}

  /** A version of a chunk that nobody names any more. */
  record DeletionKey(long group, long chunk, long version) {}
}
